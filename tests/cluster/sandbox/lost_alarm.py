"""Takes from a process the alarm it waits for, as if the signal had been lost: it is made to stop its own timer."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.restype = ctypes.c_long
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
# Requests of ptrace(2), from sys/ptrace.h.
_PEEKDATA, _POKEDATA, _CONT, _SINGLESTEP, _GETREGS, _SETREGS, _ATTACH, _DETACH = 2, 5, 7, 9, 12, 13, 16, 17
# Numbers of x86_64: a system call, its instruction, and places in struct user_regs_struct, which is 27 words.
_TIMER_SETTIME = 223
_INSTRUCTION = b"\x0f\x05"
_REGISTERS = struct.Struct("=27Q")
_R10, _RAX, _RDX, _RSI, _RDI, _ORIG_RAX, _RIP, _RSP = 7, 10, 12, 13, 14, 15, 16, 19
_WORD = 8
_NO_CALL = (1 << 64) - 1
# Below the stack's red zone.
_BELOW_STACK = 4096


def lose(pid: int) -> bool:
    """Stop timer 0 of the process; False where it was not in a system call, or got a signal, and nothing was done.

    Raises OSError if the process may not be traced or has no such timer.
    """
    _ptrace(_ATTACH, pid)
    while (stopped_by := _stopped_by(pid)) != signal.SIGSTOP:
        _ptrace(_CONT, pid, data=stopped_by)
    passed_on = 0
    try:
        registers = _registers(pid)
        instruction = registers[_RIP] - len(_INSTRUCTION)
        if struct.pack("=Q", _ptrace(_PEEKDATA, pid, instruction))[: len(_INSTRUCTION)] != _INSTRUCTION:
            return False
        zeros = (registers[_RSP] - _BELOW_STACK) & ~15
        words = range(zeros, zeros + 4 * _WORD, _WORD)  # a struct itimerspec
        kept = [_ptrace(_PEEKDATA, pid, word) for word in words]
        for word in words:
            _ptrace(_POKEDATA, pid, word, 0)
        call = list(registers)
        call[_RAX], call[_RDI], call[_RSI], call[_RDX], call[_R10] = _TIMER_SETTIME, 0, 0, zeros, 0
        call[_RIP], call[_ORIG_RAX] = instruction, _NO_CALL
        _set_registers(pid, call)
        _ptrace(_SINGLESTEP, pid)
        stopped_by = _stopped_by(pid)
        answer = _registers(pid)[_RAX]
        for word, value in zip(words, kept, strict=True):
            _ptrace(_POKEDATA, pid, word, value)
        # With its registers as they were, the kernel begins the interrupted call again.
        _set_registers(pid, registers)
        if stopped_by != signal.SIGTRAP:
            passed_on = stopped_by
            return False
        if answer != 0:
            raise OSError(_NO_CALL + 1 - answer, "timer_settime")
        return True
    finally:
        _ptrace(_DETACH, pid, data=passed_on)


def _stopped_by(pid: int) -> int:
    return os.WSTOPSIG(os.waitpid(pid, 0)[1])


def _registers(pid: int) -> list[int]:
    room = ctypes.create_string_buffer(_REGISTERS.size)
    _ptrace(_GETREGS, pid, 0, ctypes.addressof(room))
    return list(_REGISTERS.unpack(room.raw))


def _set_registers(pid: int, registers: list[int]) -> None:
    room = ctypes.create_string_buffer(_REGISTERS.pack(*registers), _REGISTERS.size)
    _ptrace(_SETREGS, pid, 0, ctypes.addressof(room))


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    """ptrace(2) as libc has it: what PEEKDATA read comes back as its value, so that errno alone tells an error."""
    ctypes.set_errno(0)
    value: int = _LIBC.ptrace(request, pid, address, data)
    if ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"process {pid}")
    return value & _NO_CALL
