/*
 * IPv6. libchirp knows it only when the environment says CCTOOLS_IP_MODE=AUTO, and setenv is not safe beside the other threads of
 * this process. These stand in front of its two functions, for addresses in digits; names are looked up as ever.
 */
#include <cctools/link.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

int __real_domain_name_cache_lookup(const char *name, char *address);
int __wrap_domain_name_cache_lookup(const char *name, char *address);
int __wrap_address_to_sockaddr(const char *text, int port, struct sockaddr_storage *address, socklen_t *length);

/* Address family of what was written to address and length; 0 when text is no address. */
int __wrap_address_to_sockaddr(const char *text, int port, struct sockaddr_storage *address, socklen_t *length)
{
	memset(address, 0, sizeof(*address));
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*length = sizeof(*v4);
		return AF_INET;
	}
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*length = sizeof(*v6);
		return AF_INET6;
	}
	errno = EHOSTUNREACH;
	return 0;
}

/* address has LINK_ADDRESS_MAX bytes. */
int __wrap_domain_name_cache_lookup(const char *name, char *address)
{
	struct in6_addr unused;
	if (inet_pton(AF_INET, name, &unused) != 1 && inet_pton(AF_INET6, name, &unused) != 1)
		return __real_domain_name_cache_lookup(name, address);
	snprintf(address, LINK_ADDRESS_MAX, "%s", name);
	return 1;
}
