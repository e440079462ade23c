// The names of CUDA C for a processor, so that the kernels' sources are C++. A launch runs its blocks one after the other, and the
// threads of a block likewise, or, where they wait for each other, as coroutines that change at __syncthreads.
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <deque>
#include <immintrin.h>
#include <ucontext.h>
#include <vector>

struct uint3 { unsigned x, y, z; };
static thread_local uint3 threadIdx, blockIdx, blockDim, gridDim;

#define DEVICE static inline
#define DEVICE_MEMBER inline
#define SHARED static thread_local
#define KERNEL(name, Arguments) extern "C" unsigned name##_bytes() { return sizeof(Arguments); } extern "C" void name(const Arguments& a)
#define SYNCED_KERNEL(name, Arguments) extern "C" void name##_syncs() {} KERNEL(name, Arguments)

DEVICE unsigned float_bits(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
DEVICE float bits_float(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
DEVICE unsigned long long double_bits(double x) { unsigned long long y; memcpy(&y, &x, 8); return y; }
DEVICE double bits_double(unsigned long long x) { double y; memcpy(&y, &x, 8); return y; }
DEVICE float half_to_float(unsigned short x) { return _cvtsh_ss(x); }
DEVICE unsigned short float_to_half(float x) { return _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT); }

DEVICE void atomicAdd(unsigned long long* to, unsigned long long x) { __atomic_fetch_add(to, x, __ATOMIC_RELAXED); }

// A coroutine begins by a context, once, and from then on jumps: that asks nothing of the system. It runs thread after thread.
struct Coroutine
{
    std::vector<char> stack;
    ucontext_t begin;
    jmp_buf place;
    bool has_begun = false;
    bool has_ended = false;
};

static thread_local jmp_buf scheduler;
static thread_local Coroutine* running;
static thread_local void (*launched)(const void*);
static thread_local const void* launched_arguments;

static void __syncthreads()
{
    if (_setjmp(running->place) == 0)
        _longjmp(scheduler, 1);
}

static void run_threads()
{
    for (;;)
    {
        launched(launched_arguments);
        running->has_ended = true;
        __syncthreads();
    }
}

// Lets a thread go on to where it waits or ends.
static void resume(Coroutine& c)
{
    running = &c;
    if (_setjmp(scheduler) != 0)
        return;
    if (c.has_begun)
        _longjmp(c.place, 1);
    c.has_begun = true;
    setcontext(&c.begin);
}

// The threads of a block in turns, until all have ended.
static void run_together(unsigned threads)
{
    static thread_local std::deque<Coroutine> coroutines;
    while (coroutines.size() < threads)
    {
        Coroutine& c = coroutines.emplace_back();
        c.stack.resize(32 << 10);
        getcontext(&c.begin);
        c.begin.uc_stack.ss_sp = c.stack.data();
        c.begin.uc_stack.ss_size = c.stack.size();
        c.begin.uc_link = nullptr;
        makecontext(&c.begin, run_threads, 0);
    }
    for (unsigned t = 0; t < threads; t++)
        coroutines[t].has_ended = false;
    for (bool goes_on = true; goes_on;)
    {
        goes_on = false;
        for (unsigned t = 0; t < threads; t++)
        {
            if (coroutines[t].has_ended)
                continue;
            threadIdx.x = t;
            resume(coroutines[t]);
            goes_on |= !coroutines[t].has_ended;
        }
    }
}

extern "C" void run_kernel(void (*kernel)(const void*), const void* arguments, unsigned blocks, unsigned threads, int syncs)
{
    launched = kernel;
    launched_arguments = arguments;
    gridDim = {blocks, 1, 1};
    blockDim = {threads, 1, 1};
    for (unsigned b = 0; b < blocks; b++)
    {
        blockIdx = {b, 0, 0};
        if (syncs)
        {
            run_together(threads);
            continue;
        }
        for (unsigned t = 0; t < threads; t++)
        {
            threadIdx = {t, 0, 0};
            kernel(arguments);
        }
    }
}
