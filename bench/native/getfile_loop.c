/*
 * The raw limit: what libchirp itself gets out of Chirp servers, without a web server in between.
 *
 *     getfile_loop CONNECTIONS SECONDS HOST[,HOST...] PATH...
 *
 * CONNECTIONS processes, dealt out to the hosts in turn, fetch the paths one after the other with one getfile each, into
 * nothing, until the time is over. With SECONDS 0 each path is fetched once by each process. Prints: requests bytes seconds.
 */
#include <cctools/auth_unix.h>
#include <cctools/chirp_reli.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOSTS_MAX 1000
#define PATIENCE_SECONDS 60

struct result {
	int64_t requests;
	int64_t bytes;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* `start` spreads the processes over the paths. */
static struct result fetch(const char *host, char **paths, int count, int start, double seconds)
{
	struct result result = {0, 0};
	FILE *nothing = fopen("/dev/null", "w");
	double end = now() + seconds;
	for (int index = 0; seconds > 0 ? now() < end : index < count; index++) {
		const char *path = paths[(start + index) % count];
		int64_t bytes = chirp_reli_getfile(host, path, nothing, time(NULL) + PATIENCE_SECONDS);
		if (bytes < 0) {
			perror(path);
			exit(1);
		}
		result.requests++;
		result.bytes += bytes;
	}
	fclose(nothing);
	return result;
}

static int split(char *list, char **hosts)
{
	int count = 0;
	for (char *host = strtok(list, ","); host && count < HOSTS_MAX; host = strtok(NULL, ","))
		hosts[count++] = host;
	return count;
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: getfile_loop CONNECTIONS SECONDS HOST[,HOST...] PATH...\n");
		return 2;
	}
	int connections = atoi(argv[1]);
	double seconds = atof(argv[2]);
	char *hosts[HOSTS_MAX];
	int host_count = split(argv[3], hosts);
	char **paths = argv + 4;
	int path_count = argc - 4;
	int results[2];
	if (host_count == 0 || connections < 1 || pipe(results) < 0)
		return 2;
	auth_unix_register();
	double start = now();
	for (int index = 0; index < connections; index++) {
		if (fork() == 0) {
			struct result result = fetch(hosts[index % host_count], paths, path_count, index * path_count / connections, seconds);
			_exit(write(results[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
		}
	}
	close(results[1]);
	struct result total = {0, 0}, one;
	int answers = 0;
	while (read(results[0], &one, sizeof(one)) == sizeof(one)) {
		total.requests += one.requests;
		total.bytes += one.bytes;
		answers++;
	}
	while (wait(NULL) > 0)
		;
	printf("%lld %lld %.6f\n", (long long)total.requests, (long long)total.bytes, now() - start);
	return answers == connections ? 0 : 1;
}
