/* Preloaded into a child process of a test: after each sync of a file, keeps a copy of it beside it. Such a copy is what a loss of power at
   that moment would leave of the file if every write after the sync were lost. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void keep(int fd) {
    char link[64], path[4096], copy[4200], whole[4200], bytes[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    if (!strstr(path, ".sqlite")) return;
    snprintf(copy, sizeof copy, "%s.copy", path);
    snprintf(whole, sizeof whole, "%s.synced", path);
    int out = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0) return;
    off_t at = 0;
    for (ssize_t got; (got = pread(fd, bytes, sizeof bytes, at)) > 0; at += got)
        if (write(out, bytes, (size_t)got) != got) break;
    close(out);
    /* A kill in between leaves the copy before. */
    rename(copy, whole);
}

int fsync(int fd) {
    int done = (int)syscall(SYS_fsync, fd);
    if (done == 0) keep(fd);
    return done;
}

int fdatasync(int fd) {
    int done = (int)syscall(SYS_fdatasync, fd);
    if (done == 0) keep(fd);
    return done;
}
