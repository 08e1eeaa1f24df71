// Loaded before the C library (LD_PRELOAD): writes down, in their order, all writes, flushes and changes of names that LevelDB makes below
// RECORD_ROOT. With WITHOUT_SYNC the databases' flushes are said to be done and are not: what must then go wrong proves that the tests can fail. Each record: operation, length and bytes of the path, length and bytes of what goes with it.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <unordered_map>

namespace {

enum Operation : uint8_t { kCreate = 1, kWrite, kSync, kRename, kUnlink, kMkdir };

// One lock around an operation and its record: their order is the order of what happened.
std::recursive_mutex lock;
std::unordered_map<FILE *, std::string> *files;
std::string *root;
int out = -1;

template <typename F>
F real(F, const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) (real(&name, #name))

bool ours(const char *path) {
  if (root == nullptr) {
    files = new std::unordered_map<FILE *, std::string>;
    root = new std::string(getenv("RECORD_ROOT") ? getenv("RECORD_ROOT") : "/nowhere");
    const char *log = getenv("RECORD_LOG");
    if (log) out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  return out >= 0 && strncmp(path, root->c_str(), root->size()) == 0;
}

void record(Operation operation, const std::string &path, const void *data, size_t size) {
  std::string r(1, static_cast<char>(operation));
  for (uint32_t n : {static_cast<uint32_t>(path.size()), static_cast<uint32_t>(size)}) r.append(reinterpret_cast<char *>(&n), 4);
  r += path;
  r.append(static_cast<const char *>(data), size);
  if (write(out, r.data(), r.size()) != static_cast<ssize_t>(r.size())) abort();
}

std::string pathOf(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path);
  return n < 0 ? "" : std::string(path, n);
}

template <typename F>
size_t written(F real_write, const void *data, size_t size, size_t n, FILE *file) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  size_t done = real_write(data, size, n, file);
  if (files != nullptr) {
    auto known = files->find(file);
    if (known != files->end()) record(kWrite, known->second, data, done * size);
  }
  return done;
}

template <typename F>
int synced(F real_sync, int fd) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  int result = real_sync(fd);
  std::string path = pathOf(fd);
  if (result == 0 && ours(path.c_str())) record(kSync, path, nullptr, 0);
  return result;
}

FILE *opened(FILE *file, const char *path, const char *mode) {
  if (file != nullptr && ours(path) && mode[0] != 'r') {
    (*files)[file] = path;
    if (mode[0] == 'w') record(kCreate, path, nullptr, 0);
  }
  return file;
}

}  // namespace

extern "C" {

FILE *fopen64(const char *path, const char *mode) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  return opened(REAL(fopen64)(path, mode), path, mode);
}

FILE *fopen(const char *path, const char *mode) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  return opened(REAL(fopen)(path, mode), path, mode);
}

size_t fwrite_unlocked(const void *data, size_t size, size_t n, FILE *file) {
  return written(REAL(fwrite_unlocked), data, size, n, file);
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *file) { return written(REAL(fwrite), data, size, n, file); }

int fclose(FILE *file) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  if (files != nullptr) files->erase(file);
  return REAL(fclose)(file);
}

// LevelDB flushes its files with this one, and folders with the other.
int fdatasync(int fd) { return getenv("WITHOUT_SYNC") != nullptr ? 0 : synced(REAL(fdatasync), fd); }
int fsync(int fd) { return synced(REAL(fsync), fd); }

int rename(const char *from, const char *to) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  int result = REAL(rename)(from, to);
  if (result == 0 && ours(from)) record(kRename, from, to, strlen(to));
  return result;
}

int unlink(const char *path) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  int result = REAL(unlink)(path);
  if (result == 0 && ours(path)) record(kUnlink, path, nullptr, 0);
  return result;
}

int mkdir(const char *path, mode_t mode) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  int result = REAL(mkdir)(path, mode);
  if (result == 0 && ours(path)) record(kMkdir, path, nullptr, 0);
  return result;
}
}
