using System.Runtime.InteropServices;

namespace Atelier.Kernels.Cuda;

/// <summary>
/// What kernels ask of NVIDIA's driver: the raw imports and handles stand behind it. The tests have another one, which runs the
/// same kernels on the processor.
/// </summary>
public unsafe interface ICudaDriver
{
    /// <summary>The version of CUDA that the driver knows, as 13.0.</summary>
    Version Version { get; }

    /// <summary>Which GPU it is.</summary>
    /// <param name="index">Counted from 0 among those that the process may use.</param>
    /// <exception cref="CudaException">There is none, or the driver cannot be used.</exception>
    GpuDescription Describe(int index);

    /// <summary>The context that libtorch has of a GPU; it lives while the handle does.</summary>
    /// <param name="index">The GPU.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    SafeHandle RetainContext(int index);

    /// <summary>Loads compiled kernels.</summary>
    /// <param name="context">Of <see cref="RetainContext"/>.</param>
    /// <param name="image">A cubin, or PTX, which the driver compiles.</param>
    /// <exception cref="CudaException">The image does not fit GPU or driver.</exception>
    SafeHandle LoadModule(SafeHandle context, byte[] image);

    /// <summary>A kernel of a module.</summary>
    /// <param name="module">Of <see cref="LoadModule"/>.</param>
    /// <param name="name">Its name.</param>
    /// <exception cref="CudaException">The module has none of this name.</exception>
    nint FindKernel(SafeHandle module, string name);

    /// <summary>Queues a kernel; does not wait for it.</summary>
    /// <param name="context">The kernel's.</param>
    /// <param name="kernel">Of <see cref="FindKernel"/>.</param>
    /// <param name="shape">Blocks and threads.</param>
    /// <param name="stream">A CUstream of the context; 0 for the default one.</param>
    /// <param name="arguments">The kernel's one argument, a structure; copied before the call returns.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    void Launch(SafeHandle context, nint kernel, LaunchShape shape, nint stream, void* arguments);
}

/// <summary>A GPU.</summary>
/// <param name="Name">As NVIDIA calls it.</param>
/// <param name="Capability">Compute capability, as 9.0.</param>
public sealed record GpuDescription(string Name, Version Capability);

/// <summary>How many blocks a kernel runs in, and of how many threads.</summary>
public readonly record struct LaunchShape(uint Blocks, uint Threads)
{
    /// <summary>Threads of a block wherever a kernel does not say otherwise; Threads in epilogue.cuh.</summary>
    public const uint UsualThreads = 256;

    /// <summary>As many blocks as hold <paramref name="threads"/>.</summary>
    public static LaunchShape Over(ulong threads) => new(checked((uint)((threads + UsualThreads - 1) / UsualThreads)), UsualThreads);
}

/// <summary>The driver or the compiler of kernels refused a call; the message names the call and the error.</summary>
public sealed class CudaException : Exception
{
    /// <summary>A failure with a message.</summary>
    public CudaException(string message) : base(message)
    {
    }

    /// <summary>A failure because of another.</summary>
    public CudaException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>A failure.</summary>
    public CudaException()
    {
    }
}
