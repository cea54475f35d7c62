// Preloaded into a program, this sets its wall clock ahead or back while it runs, without touching the machine's.
//
// CLOCK_OFFSET_FILE names a file of eight bytes: nanoseconds to add, in the machine's byte order, written in place at
// any time. As on a machine whose clock is set, the monotonic clock stays what it is, and a wait until a time of the
// wall clock ends when the clock *now* says so. (libfaketime leaves out C11's cnd_timedwait, in which librdkafka waits,
// and races with itself.)

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kSlice = kSecond / 20;  // how late a wait learns that the clock was set

const std::atomic<int64_t>* map_offset() {
  const char* path = getenv("CLOCK_OFFSET_FILE");
  const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void* page = fd < 0 ? MAP_FAILED : mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    fprintf(stderr, "set_clock: CLOCK_OFFSET_FILE can't be read\n");
    abort();
  }
  close(fd);
  return static_cast<const std::atomic<int64_t>*>(page);
}

int64_t offset() {
  static const std::atomic<int64_t>* const mapped = map_offset();
  return mapped->load(std::memory_order_relaxed);
}

template <typename F>
F next(const char* name, F) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

timespec plus(const timespec& t, int64_t ns) {
  const int64_t sum = t.tv_sec * kSecond + t.tv_nsec + ns;
  return {.tv_sec = sum / kSecond, .tv_nsec = sum % kSecond};
}

int64_t ns_of(const timespec& t) { return t.tv_sec * kSecond + t.tv_nsec; }

timespec real_now() {
  static const auto real = next("clock_gettime", &clock_gettime);
  timespec t{};
  real(CLOCK_REALTIME, &t);
  return t;
}

// One slice of a wait until `until` of the set clock. A slice that ends early is a spurious wakeup, which every caller
// must bear.
template <typename Wait>
int wait_a_slice(const timespec& until, int timed_out, Wait wait) {
  const timespec now = real_now();
  const int64_t left = ns_of(until) - ns_of(plus(now, offset()));
  const timespec end = plus(now, std::clamp<int64_t>(left, 0, kSlice));
  const int result = wait(&end);
  return result == timed_out && left > kSlice ? 0 : result;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* t) {
  static const auto real = next("clock_gettime", &clock_gettime);
  const int result = real(clock, t);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *t = plus(*t, offset());
  return result;
}

int gettimeofday(timeval* t, void*) {
  const timespec now = plus(real_now(), offset());
  *t = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* t) {
  const time_t now = plus(real_now(), offset()).tv_sec;
  if (t) *t = now;
  return now;
}

int timespec_get(timespec* t, int base) {
  if (base != TIME_UTC) return 0;
  *t = plus(real_now(), offset());
  return base;
}

int cnd_timedwait(cnd_t* cond, mtx_t* mutex, const timespec* until) {
  static const auto real = next("cnd_timedwait", &cnd_timedwait);
  return wait_a_slice(*until, thrd_timedout, [&](const timespec* end) { return real(cond, mutex, end); });
}

// Of a condition that waits by the wall clock, which is the default; the standard library waits by others with
// pthread_cond_clockwait.
int pthread_cond_timedwait(pthread_cond_t* cond, pthread_mutex_t* mutex, const timespec* until) {
  static const auto real = next("pthread_cond_timedwait", &pthread_cond_timedwait);
  return wait_a_slice(*until, ETIMEDOUT, [&](const timespec* end) { return real(cond, mutex, end); });
}
}
