// The names of CUDA C for a processor, so that the kernels' sources are C++. A launch runs its blocks one after the other, and the
// threads of a block likewise, or, where they wait for each other, as coroutines that change at __syncthreads.
#include <cmath>
#include <cstdint>
#include <cstring>
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

static thread_local ucontext_t scheduler;
static thread_local ucontext_t* running;
static thread_local bool ended;
static thread_local void (*launched)(const void*);
static thread_local const void* launched_arguments;

static void __syncthreads() { swapcontext(running, &scheduler); }

static void run_thread()
{
    launched(launched_arguments);
    ended = true;
}

// The threads of a block in turns, until all have ended.
static void run_together(unsigned threads)
{
    const size_t stack = 32 << 10;
    static thread_local std::vector<char> stacks;
    static thread_local std::vector<ucontext_t> contexts;
    stacks.resize(stack * threads);
    contexts.resize(threads);
    std::vector<bool> done(threads, false);
    for (unsigned t = 0; t < threads; t++)
    {
        getcontext(&contexts[t]);
        contexts[t].uc_stack.ss_sp = stacks.data() + stack * t;
        contexts[t].uc_stack.ss_size = stack;
        contexts[t].uc_link = &scheduler;
        makecontext(&contexts[t], run_thread, 0);
    }
    for (unsigned left = threads; left > 0;)
        for (unsigned t = 0; t < threads; t++)
        {
            if (done[t])
                continue;
            threadIdx.x = t;
            running = &contexts[t];
            ended = false;
            swapcontext(&scheduler, running);
            if (ended)
            {
                done[t] = true;
                left--;
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
