/*
 * Calls every exported function against a private Chirp server in which everybody may do everything:
 *
 *     shim_test HOST:PORT [REFUSING_HOST:PORT]
 *
 * For the sanitizers and valgrind, which watch what it does: `make check`, `make valgrind`. It prints what is not as it should
 * be, and exits 1 then. The second server is one where nothing listens.
 */
#define _GNU_SOURCE
#include "../chirp_shim.h"
#include "../inbound.h"
#include "../private_copy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT 20
#define BIG (3 * 1024 * 1024 + 7)
#define AUTH "unix,hostname,address"

static int failures;

static void expect_number(int line, const char *what, int64_t is, int64_t should_be)
{
	if (is == should_be)
		return;
	printf("line %d: %s is %lld, not %lld\n", line, what, (long long)is, (long long)should_be);
	failures++;
}

#define EXPECT(call, value) expect_number(__LINE__, #call, (call), (value))
#define OK(call) EXPECT(call, 0)
#define TRUE(condition) EXPECT(!!(condition), 1)

static int64_t numbers[6];
static char text[4096];

static char *path_of_length(size_t length)
{
	char *path = malloc(length + 1);
	memset(path, 'a', length);
	for (size_t i = 0; i < length; i += 100)
		path[i] = '/';
	path[length - 1] = 'z';
	path[length] = 0;
	return path;
}

static void test_before_init(void)
{
	EXPECT(cs_version(), SHIM_VERSION);
	OK(cs_disconnect());
	EXPECT(cs_stat("/", numbers, 1), -EHOSTUNREACH);
	TRUE(cs_listing() == NULL);
	EXPECT(cs_init("", AUTH, "", 5), -EINVAL);
	EXPECT(cs_init("CONDOR", AUTH, "", 5), -EINVAL);
	EXPECT(cs_init("127.0.0.1:1", "unix,nonsense", "", 5), -EINVAL);
	char *long_name = path_of_length(300);
	EXPECT(cs_init(long_name, AUTH, "", 5), -EINVAL);
	free(long_name);
	OK(cs_init("no-such-host.invalid:1", AUTH, "", 5));
	EXPECT(cs_stat("/", numbers, 1), -EHOSTUNREACH);
}

static void test_refused(const char *host)
{
	OK(cs_init(host, AUTH, "", 5));
	EXPECT(cs_stat("/", numbers, 30), -ECONNREFUSED);
	EXPECT(cs_unlink("/x", 30), -ECONNREFUSED);
}

static void test_authentication(const char *host)
{
	OK(cs_init(host, "", "", 5));
	EXPECT(cs_stat("/", numbers, TIMEOUT), -EKEYREJECTED);
	OK(cs_init(host, "ticket,unix", "/no/such/ticket,/nor/this", 5));
	TRUE(cs_whoami(text, sizeof(text), TIMEOUT) > 5);
	TRUE(!memcmp(text, "unix:", 5));
	EXPECT(cs_whoami(text, 4, TIMEOUT), 3);
	EXPECT(cs_whoami(text, 0, TIMEOUT), -EINVAL);
	OK(cs_disconnect());
	OK(cs_disconnect());
}

static void test_contents(void)
{
	char *bytes = malloc(BIG);
	char *back = malloc(BIG);
	for (int i = 0; i < BIG; i++)
		bytes[i] = i * 7;
	EXPECT(cs_put_file("/t/big", bytes, BIG, 0644, TIMEOUT), BIG);
	EXPECT(cs_get_file("/t/big", back, BIG, TIMEOUT), BIG);
	TRUE(!memcmp(bytes, back, BIG));
	EXPECT(cs_get_file("/t/big", back, BIG - 1, TIMEOUT), -ESTALE);
	EXPECT(cs_get_file("/t/big", back, 0, TIMEOUT), -ESTALE);
	EXPECT(cs_get_file("/t/none", back, 1, TIMEOUT), -ENOENT);
	EXPECT(cs_get_file("/t", back, 1, TIMEOUT), -EISDIR);
	OK(cs_put_file("/t/empty", bytes, 0, 0600, TIMEOUT));
	EXPECT(cs_get_file("/t/empty", back, 0, TIMEOUT), 0);
	EXPECT(cs_put_file("/none/file", bytes, 1, 0600, TIMEOUT), -ENOENT);
	EXPECT(cs_hash("/t/big", "md5", text, TIMEOUT), 16);
	EXPECT(cs_hash("/t/big", "sha1", text, TIMEOUT), 20);
	EXPECT(cs_hash("/t/none", "sha1", text, TIMEOUT), -ENOENT);
	EXPECT(cs_hash("/t/big", "sha1 /t", text, TIMEOUT), -EINVAL);
	free(bytes);
	free(back);
}

static void test_open_files(void)
{
	char buffer[100];
	int64_t handle = cs_open("/t/open", O_RDWR | O_CREAT | O_TRUNC, 0644, numbers, TIMEOUT);
	TRUE(handle >= 0);
	EXPECT(cs_pwrite(handle, "0123456789", 10, 0, TIMEOUT), 10);
	EXPECT(cs_pwrite(handle, "x", 0, 0, TIMEOUT), 0);
	EXPECT(cs_pread(handle, buffer, 100, 4, TIMEOUT), 6);
	TRUE(!memcmp(buffer, "456789", 6));
	EXPECT(cs_pread(handle, buffer, 100, 10, TIMEOUT), 0);
	EXPECT(cs_pread(handle, buffer, 1, -1, TIMEOUT), -EINVAL);
	OK(cs_fstat(handle, numbers, TIMEOUT));
	EXPECT(numbers[1], 10);

	/* A lost connection: the file is opened anew; another file of that name is not it. */
	int64_t same = cs_open("/t/open", O_RDONLY, 0, numbers, TIMEOUT);
	OK(cs_disconnect());
	EXPECT(cs_pread(same, buffer, 4, 0, TIMEOUT), 4);
	EXPECT(cs_put_file("/t/other", "other file", 10, 0644, TIMEOUT), 10);
	OK(cs_rename("/t/other", "/t/open", TIMEOUT));
	OK(cs_disconnect());
	for (int i = 0; i < 2; i++) {
		EXPECT(cs_pread(same, buffer, 4, 0, TIMEOUT), -ESTALE);
		EXPECT(cs_fstat(same, numbers, TIMEOUT), -ESTALE);
		EXPECT(cs_pwrite(handle, "overwritten", 11, 0, TIMEOUT), -ESTALE);
	}
	OK(cs_close(same, TIMEOUT));
	OK(cs_close(handle, TIMEOUT));
	EXPECT(cs_get_file("/t/open", buffer, 10, TIMEOUT), 10);
	TRUE(!memcmp(buffer, "other file", 10));

	handle = cs_open("/t/open", O_WRONLY, 0, numbers, TIMEOUT);
	EXPECT(cs_pread(handle, buffer, 1, 0, TIMEOUT), -EREMOTEIO); /* the server's EBADF */
	OK(cs_disconnect());
	OK(cs_close(handle, TIMEOUT));
	EXPECT(cs_close(handle, TIMEOUT), -EINVAL);
	EXPECT(cs_pread(-1, buffer, 1, 0, TIMEOUT), -EINVAL);
	EXPECT(cs_pwrite(9999, buffer, 1, 0, TIMEOUT), -EINVAL);
	EXPECT(cs_fstat(0, numbers, TIMEOUT), -EINVAL);
	EXPECT(cs_open("/t/none", O_RDONLY, 0, numbers, TIMEOUT), -ENOENT);
}

static void test_too_many_open_files(void)
{
	int64_t count = 0, handle;
	while ((handle = cs_open("/t/big", O_RDONLY, 0, numbers, TIMEOUT)) >= 0)
		count++;
	EXPECT(handle, -EMFILE);
	TRUE(count > 24);
	for (int64_t i = 0; i < count; i++)
		OK(cs_close(i, TIMEOUT));
}

static void test_names(void)
{
	OK(cs_stat("/t/big", numbers, TIMEOUT));
	EXPECT(numbers[1], BIG);
	OK(cs_utime("/t/big", 4000000000, TIMEOUT));
	OK(cs_chmod("/t/big", S_IFREG | 0600, TIMEOUT));
	OK(cs_lstat("/t/big", numbers, TIMEOUT));
	EXPECT(numbers[2], 4000000000);
	EXPECT(numbers[0], S_IFREG | 0600);
	OK(cs_rename("/t/big", "/t/bi\ng\r %\xff", TIMEOUT));
	EXPECT(cs_rename("/t/big", "/t/x", TIMEOUT), -ENOENT);
	OK(cs_mkdir("/t/sub", 0755, TIMEOUT));
	EXPECT(cs_mkdir("/t/sub", 0755, TIMEOUT), -EEXIST);
	EXPECT(cs_unlink("/t/none", TIMEOUT), -ENOENT);

	OK(cs_symlink("/t/link", "to/%41/\xc3\xa9", TIMEOUT));
	EXPECT(cs_readlink("/t/link", text, sizeof(text), TIMEOUT), 9);
	TRUE(!memcmp(text, "to/%41/\xc3\xa9", 9));
	EXPECT(cs_readlink("/t/link", text, 9, TIMEOUT), -ENAMETOOLONG);
	EXPECT(cs_symlink("/t/link2", "two words", TIMEOUT), -EINVAL);
	EXPECT(cs_symlink("/t/link2", "", TIMEOUT), -EINVAL);
	OK(cs_symlink("/t/loop", "loop", TIMEOUT));
	EXPECT(cs_stat("/t/loop", numbers, TIMEOUT), -EREMOTEIO);
	EXPECT(cs_open("/t/loop", O_RDONLY, 0, numbers, TIMEOUT), -EREMOTEIO);

	int64_t length = cs_list("/t", 1 << 20, TIMEOUT);
	TRUE(length > 6 * 56 && length % 8 == 0);
	TRUE(memmem(cs_listing(), length, "bi\ng\r %\xff", 8) != NULL);
	TRUE(memmem(cs_listing(), length, "..", 2) == NULL);
	EXPECT(cs_list("/t", 100, TIMEOUT), -EFBIG);
	EXPECT(cs_list("/t/none", 100, TIMEOUT), -ENOENT);

	OK(cs_setacl("/t/sub", "hostname:*.example.org", "rl", TIMEOUT));
	length = cs_getacl("/t/sub", text, sizeof(text), TIMEOUT);
	TRUE(length > 0 && memmem(text, length, "hostname:*.example.org rl\n", 26));
	EXPECT(cs_getacl("/t/sub", text, 10, TIMEOUT), -EFBIG);
	EXPECT(cs_setacl("/t/sub", "two words", "rl", TIMEOUT), -EINVAL);
	EXPECT(cs_setacl("/t/sub", "one", "r\n", TIMEOUT), -EINVAL);
	EXPECT(cs_getacl("/none", text, sizeof(text), TIMEOUT), -ENOENT);
}

/* Longer ones would make libchirp abort the process, or the server take one request for two. */
static void test_lengths(void)
{
	for (size_t length = 900; length < 9000; length = length < 1100 ? length + 1 : length * 2) {
		char *path = path_of_length(length);
		bool fits = length <= 975;
		EXPECT(cs_stat(path, numbers, TIMEOUT), fits ? -ENOENT : -ENAMETOOLONG);
		EXPECT(cs_rename("/", path, TIMEOUT) == -ENAMETOOLONG, length > 974);
		if (!fits) {
			EXPECT(cs_symlink("/t/l", path, TIMEOUT), -ENAMETOOLONG);
			EXPECT(cs_setacl("/", path, "rl", TIMEOUT), -ENAMETOOLONG);
			EXPECT(cs_setacl("/", "one", path, TIMEOUT), -ENAMETOOLONG);
			EXPECT(cs_thirdput("/", "host", path, TIMEOUT), -ENAMETOOLONG);
			EXPECT(cs_thirdput("/", path, "/", TIMEOUT), -ENAMETOOLONG);
			EXPECT(cs_hash("/", path, text, TIMEOUT), -EINVAL);
			EXPECT(cs_hash(path, "md5", text, TIMEOUT), -ENAMETOOLONG);
			EXPECT(cs_put_file(path, "", 0, -1, TIMEOUT), -ENAMETOOLONG);
		}
		free(path);
	}
	char *path = path_of_length(975);
	EXPECT(cs_put_file(path, "", 0, INT64_MIN, TIMEOUT), -ENOENT);
	EXPECT(cs_open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_EXCL | O_SYNC, INT64_MAX, numbers, TIMEOUT), -ENOENT);
	free(path);
}

static void test_thirdput(const char *host)
{
	EXPECT(cs_thirdput("/t/sub", "two words", "/t/copy", TIMEOUT), -EINVAL);
	TRUE(cs_thirdput("/t/none", host, "/t/copy", TIMEOUT) < 0);
}

/* A listener on the loopback of both families, with an IPv4 and an IPv6 client. */
static void test_inbound(void)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
	socklen_t size = sizeof(any);
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	int both = 0;
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof(both));
	if (bind(listener, (struct sockaddr *)&any, size) != 0 || listen(listener, 8) != 0) {
		close(listener); /* a machine without IPv6 */
		return;
	}
	OK(getsockname(listener, (struct sockaddr *)&any, &size));
	int port = ntohs(any.sin6_port);
	struct inbound seen[3];
	OK(cs_inbound_list(port, 0, seen, 3));

	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = any.sin6_port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = any.sin6_port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int first = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET6, SOCK_STREAM, 0);
	OK(connect(first, (struct sockaddr *)&v4, sizeof(v4)));
	OK(connect(second, (struct sockaddr *)&v6, sizeof(v6)));
	int accepted[2] = {accept(listener, NULL, NULL), accept(listener, NULL, NULL)};
	EXPECT(cs_inbound_list(port, 0, seen, 3), 2);
	EXPECT(seen[0].client[16], 4);
	EXPECT(seen[1].client[16], 6);
	TRUE(memcmp(seen[0].client, "\x7f\0\0\1", 4) == 0);
	TRUE(memcmp(seen[1].client, &v6.sin6_addr, 16) == 0);
	TRUE(seen[0].cookie != seen[1].cookie);
	EXPECT(cs_inbound_list(port, 0, seen, 1), 1);
	EXPECT(cs_inbound_list(port, seen[0].descriptor + 1, seen + 1, 1), 1);
	OK(cs_inbound_list(port, 0, seen, 0));
	OK(cs_inbound_list(port == 1 ? 2 : 1, 0, seen + 2, 1));

	/* With no descriptor left, when it matters most. */
	struct rlimit limit, few;
	OK(getrlimit(RLIMIT_NOFILE, &limit));
	few = limit;
	few.rlim_cur = accepted[1] + 8;
	OK(setrlimit(RLIMIT_NOFILE, &few));
	int taken[64], count = 0;
	while (count < 64 && (taken[count] = dup(listener)) >= 0)
		count++;
	EXPECT(errno, EMFILE);
	EXPECT(cs_inbound_list(port, 0, seen, 3), 2);
	while (count > 0)
		close(taken[--count]);
	OK(setrlimit(RLIMIT_NOFILE, &limit));

	EXPECT(cs_inbound_cut(seen[0].descriptor, seen[1].cookie), -ESRCH);
	EXPECT(cs_inbound_cut(-1, seen[0].cookie), -ESRCH);
	OK(cs_inbound_cut(seen[0].descriptor, seen[0].cookie));
	char byte;
	OK(read(first, &byte, 1));
	EXPECT(send(second, "x", 1, 0), 1);
	EXPECT(read(accepted[1], &byte, 1), 1);
	int descriptors[] = {listener, first, second, accepted[0], accepted[1]};
	for (size_t i = 0; i < sizeof(descriptors) / sizeof(*descriptors); i++)
		close(descriptors[i]);
	OK(cs_inbound_list(port, 0, seen, 3));
}

/* Larger than one piece; this program itself is. */
static void test_private_copy(const char *self)
{
	int file = open(self, O_RDONLY), copy = cs_private_copy(self);
	TRUE(file >= 0 && copy >= 0);
	TRUE(fcntl(copy, F_GETFD) & FD_CLOEXEC);
	off_t size = lseek(file, 0, SEEK_END);
	EXPECT(lseek(copy, 0, SEEK_END), size);
	char *contents = malloc(size), *copied = malloc(size);
	EXPECT(pread(file, contents, size, 0), size);
	EXPECT(pread(copy, copied, size, 0), size);
	TRUE(memcmp(contents, copied, size) == 0);
	free(contents);
	free(copied);
	close(file);
	OK(cs_private_copy_close(copy));
	EXPECT(cs_private_copy_close(copy), -EBADF);
	EXPECT(cs_private_copy("/nothing/here"), -ENOENT);
	TRUE(cs_private_copy("/proc") < 0);
}

static void clean_up(void)
{
	static const char *const files[] = {"/t/bi\ng\r %\xff", "/t/empty", "/t/open", "/t/link", "/t/loop"};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		OK(cs_unlink(files[i], TIMEOUT));
	EXPECT(cs_rmdir("/t", TIMEOUT), -ENOTEMPTY);
	OK(cs_rmdir("/t/sub", TIMEOUT));
	OK(cs_rmdir("/t", TIMEOUT));
	OK(cs_disconnect());
}

int main(int argc, char *argv[])
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s HOST:PORT [REFUSING_HOST:PORT]\n", argv[0]);
		return 2;
	}
	const char *host = argv[1];
	test_before_init();
	if (argc > 2)
		test_refused(argv[2]);
	test_authentication(host);
	OK(cs_init(host, AUTH, "", 5));
	OK(cs_mkdir("/t", 0755, TIMEOUT));
	test_contents();
	test_open_files();
	test_too_many_open_files();
	test_names();
	test_lengths();
	test_thirdput(host);
	test_inbound();
	test_private_copy(argv[0]);
	clean_up();
	printf("%lld requests, %d failures\n", (long long)cs_rpcs(), failures);
	return failures ? 1 : 0;
}
