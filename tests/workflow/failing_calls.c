/* Loaded before the C library: lets the n-th call that changes something under a folder fail (test_broken_disk.py). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char under[4096], asked[4096], place[4096];
static int target, fault, full, seen, struck;

/* From the n-th call on ENOSPC fails whatever takes space, as a full disk does; another error fails the n-th call, and
   a negative number is a signal that ends the process there. */
void fault_arm(const char *folder, int n, int number) {
    strncpy(under, folder, sizeof under - 1);
    target = n; fault = number; full = number == ENOSPC; seen = 0; struck = 0;
}
int fault_struck(void) { return struck; }
const char *fault_place(void) { return place; } /* where the first one struck */
void fault_disarm(void) { target = 0; }

static int inside(const char *path) {
    char here[2048] = "";
    if (path[0] != '/' && !getcwd(here, sizeof here)) return 0;
    snprintf(asked, sizeof asked, "%s/%.2000s", here, path);
    return !strncmp(path[0] == '/' ? path : here, under, strlen(under));
}
static int inside_fd(int fd) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    strcpy(asked, path);
    return !strncmp(path, under, strlen(under));
}
static int fails(int touches, int takes_space) {
    if (!target || !touches) return 0;
    if (full && !takes_space) return 0;
    int hit = ++seen == target || (full && seen > target);
    if (hit && !struck) strcpy(place, asked);
    struck |= hit;
    return hit;
}
static int strike(void) {
    if (fault < 0) kill(getpid(), -fault);
    errno = fault;
    return -1;
}
#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *buffer, size_t size) {
    REAL(write);
    if (target && inside_fd(fd) && fails(1, 1)) {
        /* half of it gets there first: seldom does a write fail as a whole */
        if (size > 1) real(fd, buffer, size / 2);
        return strike();
    }
    return real(fd, buffer, size);
}
int fsync(int fd) { REAL(fsync); return target && inside_fd(fd) && fails(1, 0) ? strike() : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return target && inside_fd(fd) && fails(1, 0) ? strike() : real(fd); }
int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    return target && inside_fd(fd) && fails(1, 1) ? strike() : real(fd, size);
}
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size, unsigned int flags) {
    REAL(copy_file_range);
    if (target && inside_fd(to) && fails(1, 1)) {
        if (size > 1) real(from, a, to, b, size / 2, flags);
        return strike();
    }
    return real(from, a, to, b, size, flags);
}
int rename(const char *old, const char *new) { REAL(rename); return fails(inside(new), 0) ? strike() : real(old, new); }
int renameat(int a, const char *old, int b, const char *new) {
    REAL(renameat);
    return fails(inside(new), 0) ? strike() : real(a, old, b, new);
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    struct stat found;
    return fails(inside(path) && stat(path, &found), 1) ? strike() : real(path, mode);
}
static int fails_to_open(const char *path, int flags) {
    struct stat found;
    return fails((flags & O_CREAT) && inside(path) && stat(path, &found), 1);
}
#define OPEN(name)                                                                       \
    int name(const char *path, int flags, ...) {                                         \
        REAL(name);                                                                      \
        va_list rest;                                                                    \
        va_start(rest, flags);                                                           \
        mode_t mode = flags & O_CREAT ? va_arg(rest, int) : 0;                           \
        va_end(rest);                                                                    \
        return fails_to_open(path, flags) ? strike() : real(path, flags, mode);                \
    }
#define OPEN_AT(name)                                                                    \
    int name(int at, const char *path, int flags, ...) {                                 \
        REAL(name);                                                                      \
        va_list rest;                                                                    \
        va_start(rest, flags);                                                           \
        mode_t mode = flags & O_CREAT ? va_arg(rest, int) : 0;                           \
        va_end(rest);                                                                    \
        return fails_to_open(path, flags) ? strike() : real(at, path, flags, mode);            \
    }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)
