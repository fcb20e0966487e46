/*
 * Put in front of the C library in a process of User-Mode Linux: ptrace(2), which there sets a program's registers.
 *
 * The kernel takes the whole extended state (NT_X86_XSTATE) or nothing: EFAULT where the caller's buffer is shorter.
 * That of Linux 6.1's User-Mode Linux is 2,696 bytes long (HOST_FP_SIZE), which ends with PKRU; the tiles of AMX make
 * the state 11,008 bytes. What is missing is given as zeros here: a component that the header does not mark as in use
 * has its initial value, and a program that has asked for tiles cannot be one of a guest, whose arch_prctl(2) knows no
 * such request.
 *
 * It needs nothing but the compiler: no header and no start-up code of the C library.
 */
#include <stdarg.h>
#include <stddef.h>

enum {
	SYS_PTRACE = 101,
	PEEK_FIRST = 1, /* the C library returns what these three read, and is given no place for it */
	PEEK_LAST = 3,
	GET_REGISTER_SET = 0x4204,
	SET_REGISTER_SET = 0x4205,
	XSTATE = 0x202,
};

struct iovec {
	void *base;
	size_t length;
};

extern int *__errno_location(void);

/* Not on the stack: the kernel's own are small. Only the one thread that is the guest's processor comes here. */
static unsigned char whole[16384] __attribute__((aligned(64)));

static long call(long request, long process, void *address, void *data)
{
	register void *fourth __asm__("r10") = data;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_PTRACE), "D"(request), "S"(process), "d"(address), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
}

/* Bytes of the whole state, as the kernel gives it; 0 where it does not say. */
static size_t whole_length(long process)
{
	static size_t known;
	struct iovec all = { whole, sizeof whole };

	if (known == 0 && call(GET_REGISTER_SET, process, (void *)XSTATE, &all) == 0)
		known = all.length;
	return known;
}

static long set_state(long process, const struct iovec *given)
{
	struct iovec all = { whole, whole_length(process) };

	if (given->length >= all.length)
		return call(SET_REGISTER_SET, process, (void *)XSTATE, (void *)given);
	__builtin_memcpy(whole, given->base, given->length);
	__builtin_memset(whole + given->length, 0, all.length - given->length);
	return call(SET_REGISTER_SET, process, (void *)XSTATE, &all);
}

long ptrace(int request, ...)
{
	va_list rest;
	long process, result, peeked = 0;
	void *address, *data;
	int peeks = request >= PEEK_FIRST && request <= PEEK_LAST;

	va_start(rest, request);
	process = va_arg(rest, int);
	address = va_arg(rest, void *);
	data = va_arg(rest, void *);
	va_end(rest);
	if (request == SET_REGISTER_SET && address == (void *)XSTATE)
		result = set_state(process, data);
	else
		result = call(request, process, address, peeks ? (void *)&peeked : data);
	if (result < 0) {
		*__errno_location() = (int)-result;
		return -1;
	}
	if (peeks)
		*__errno_location() = 0;
	return peeks ? peeked : result;
}
