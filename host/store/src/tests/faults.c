/* Preloaded into a child process of a test: lets system calls on some files fail as the test says. CARTAGE_TEST_FAULT names a file that holds
   `CALL ERRNO`, with CALL one of write, sync, read and open; while it is empty or not there, all is well. Files are those whose path
   holds CARTAGE_TEST_FAULT_AT. CARTAGE_TEST_CLOCK names a file with the seconds that the wall clock is ahead. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What a file holds, or nothing. */
static void content(const char *file, char text[64]) {
    int saved = errno;
    ssize_t length = 0;
    int fd = file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (fd >= 0) {
        length = syscall(SYS_read, fd, text, 63);
        syscall(SYS_close, fd);
    }
    text[length > 0 ? length : 0] = 0;
    errno = saved;
}

/* The error that a call on this path is to fail with, or 0. */
static int fault_at(const char *call, const char *path) {
    const char *at = getenv("CARTAGE_TEST_FAULT_AT");
    char text[64], wanted[16];
    int number = 0;
    if (!at || !strstr(path, at)) return 0;
    content(getenv("CARTAGE_TEST_FAULT"), text);
    return sscanf(text, "%15s %d", wanted, &number) == 2 && !strcmp(wanted, call) ? number : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    char text[64];
    int done = (int)syscall(SYS_clock_gettime, clock, time);
    if (done == 0 && clock == CLOCK_REALTIME) {
        content(getenv("CARTAGE_TEST_CLOCK"), text);
        time->tv_sec += atoll(text);
    }
    return done;
}

static int fault(const char *call, int fd) {
    char link[64], path[4096];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return fault_at(call, path);
}

#define FAIL(number) do { int failed_ = (number); if (failed_) { errno = failed_; return -1; } } while (0)

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    FAIL(fault("write", fd));
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return pwrite64(fd, bytes, length, at);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    FAIL(fault("write", fd));
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
    FAIL(fault("read", fd));
    return syscall(SYS_pread64, fd, bytes, length, at);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at) {
    return pread64(fd, bytes, length, at);
}

ssize_t read(int fd, void *bytes, size_t length) {
    FAIL(fault("read", fd));
    return syscall(SYS_read, fd, bytes, length);
}

int fsync(int fd) {
    FAIL(fault("sync", fd));
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    FAIL(fault("sync", fd));
    return (int)syscall(SYS_fdatasync, fd);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    FAIL(fault_at("open", path));
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    FAIL(fault_at("open", path));
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
