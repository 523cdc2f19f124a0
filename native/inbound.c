/* What the kernel knows of this process's inbound connections: see inbound.h. */
#define _GNU_SOURCE
#include "inbound.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS_MAX (1 << 20) /* the kernel's own limit, unless somebody raised it (fs.nr_open) */

/* One above the highest that the limit of open files allows. */
static int descriptors_allowed(void)
{
	long limit = sysconf(_SC_OPEN_MAX);
	return limit > 0 && limit < DESCRIPTORS_MAX ? (int)limit : DESCRIPTORS_MAX;
}

/*
 * Descriptors that the process has room for: none is above. The kernel keeps the number at a power of two. When clients have taken
 * all descriptors there is none left to ask with, and all that are allowed are in use.
 */
static int descriptors_end(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	if (!status)
		return descriptors_allowed();
	char line[256];
	int end = 0;
	while (end == 0 && fgets(line, sizeof(line), status))
		sscanf(line, "FDSize: %d", &end);
	fclose(status);
	return end > 0 ? end : descriptors_allowed();
}

static int port_of(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)address)->sin_port);
	if (address->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
	return -1;
}

/* An IPv4 client of a listener for both families comes as ::ffff:a.b.c.d; it is the same client. */
static void write_client(const struct sockaddr_storage *address, char client[24])
{
	memset(client, 0, 24);
	if (address->ss_family == AF_INET) {
		memcpy(client, &((const struct sockaddr_in *)address)->sin_addr, 4);
		client[16] = 4;
		return;
	}
	const struct in6_addr *ip = &((const struct sockaddr_in6 *)address)->sin6_addr;
	bool is_mapped = IN6_IS_ADDR_V4MAPPED(ip);
	memcpy(client, ip->s6_addr + (is_mapped ? 12 : 0), is_mapped ? 4 : 16);
	client[16] = is_mapped ? 4 : 6;
}

static bool read_cookie(int descriptor, int64_t *cookie)
{
	socklen_t size = sizeof(*cookie);
	return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, cookie, &size) == 0;
}

static bool describe(int descriptor, int64_t port, struct inbound *connection)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0 || port_of(&address) != port)
		return false;
	size = sizeof(address);
	/* The listener itself has no peer. */
	if (getpeername(descriptor, (struct sockaddr *)&address, &size) != 0)
		return false;
	struct tcp_info info = {0};
	size = sizeof(info);
	if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return false;
	if (!read_cookie(descriptor, &connection->cookie))
		return false;
	connection->descriptor = descriptor;
	connection->client_port = port_of(&address);
	connection->received_ms = info.tcpi_last_data_recv;
	connection->sent_ms = info.tcpi_last_data_sent;
	connection->unsent = (int64_t)info.tcpi_unacked + info.tcpi_notsent_bytes;
	write_client(&address, connection->client);
	return true;
}

int64_t cs_inbound_list(int64_t port, int64_t first, struct inbound *connections, int64_t room)
{
	int end = descriptors_end();
	int64_t count = 0;
	for (int descriptor = (int)first; descriptor < end && count < room; descriptor++)
		if (describe(descriptor, port, &connections[count]))
			count++;
	return count;
}

int64_t cs_inbound_cut(int64_t descriptor, int64_t cookie)
{
	int64_t is;
	if (!read_cookie((int)descriptor, &is) || is != cookie)
		return -ESRCH;
	return shutdown((int)descriptor, SHUT_RDWR) == 0 ? 0 : -errno;
}
