/** The package brings no types. */
declare module 'epoll' {
  export class Epoll {
    static readonly EPOLLIN: number;
    constructor(callback: (error: Error | null, fd: number, events: number) => void);
    add(fd: number, events: number): this;
    remove(fd: number): this;
    close(): void;
  }
}
