/** The part of uPlot that is used here; the library is loaded when charts are looked at. */
interface Plot {
  setData(data: (number | null)[][]): void;
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}
type PlotClass = new (options: object, data: (number | null)[][], into: HTMLElement) => Plot;

export interface Line {
  label: string;
  /** Colours of the palette that colour-blind people tell apart; the dashes tell them apart on paper. */
  colour: string;
  dash?: number[];
  bars?: boolean;
}

let loading: Promise<PlotClass> | undefined;

function load(): Promise<PlotClass> {
  loading ??= new Promise((resolve, reject) => {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = '/app/lib/uplot.css';
    const script = document.createElement('script');
    script.src = '/app/lib/uplot.js';
    script.onload = () => resolve((window as unknown as { uPlot: PlotClass }).uPlot);
    script.onerror = () => {
      loading = undefined;
      reject(new Error('the chart library did not load'));
    };
    document.head.append(style, script);
  });
  return loading;
}

/** `data[0]`: seconds since 1970, then one row a line. */
export async function chart(into: HTMLElement, lines: readonly Line[], unit: string, timeZone: string): Promise<Plot> {
  const PlotOf = await load();
  const css = getComputedStyle(document.documentElement);
  const ink = css.getPropertyValue('--ink').trim();
  const grid = css.getPropertyValue('--line').trim();
  const { paths, tzDate } = PlotOf as unknown as {
    paths: { bars(options: object): unknown };
    tzDate: (date: Date, zone: string) => Date;
  };
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: '13px system-ui' };
  return new PlotOf(
    {
      width: Math.max(280, into.clientWidth),
      height: 190,
      cursor: { show: false },
      legend: { show: false },
      tzDate: (seconds: number) => tzDate(new Date(seconds * 1000), timeZone),
      axes: [
        { ...axis, values: '{HH}:{mm}', space: 60 },
        { ...axis, size: 64, values: (_: unknown, ticks: number[]) => ticks.map((v) => `${v}${unit}`) },
      ],
      scales: { y: { range: (_: unknown, _min: number, max: number) => [0, Math.max(1, max * 1.1)] } },
      series: [
        {},
        ...lines.map(({ label, colour, dash, bars }) => ({
          label,
          stroke: colour,
          width: 2,
          dash,
          spanGaps: false,
          ...(bars === true && { fill: colour, paths: paths.bars({ size: [0.8, 24] }) }),
        })),
      ],
    },
    [[], ...lines.map(() => [])],
    into,
  );
}
