using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Atelier.Kernels.Cuda;

/// <summary>Precisions that kernels have a version for.</summary>
public enum GpuNumber
{
    /// <summary>float32.</summary>
    Float32,

    /// <summary>float16; computed with as float32.</summary>
    Float16,

    /// <summary>bfloat16; computed with as float32.</summary>
    BFloat16,
}

/// <summary>
/// Atelier's kernels on one GPU, compiled from the sources in this assembly and ready to be launched in libtorch's context and
/// stream. Safe from several threads.
/// </summary>
public sealed unsafe class GpuKernels : IDisposable
{
    /// <summary>What __grid_constant__ needs.</summary>
    private static readonly Version LeastCapability = new(7, 0);

    private static readonly string[] ModuleNames = ["epilogue", "fir", "demodulation", "optimizer", "philox", "augmentation"];

    private readonly ConcurrentDictionary<string, nint> _kernels = [];
    private readonly Dictionary<string, SafeHandle> _modules;
    private readonly ICudaDriver _driver;
    private readonly SafeHandle _context;
    private readonly Func<nint> _stream;

    private GpuKernels(ICudaDriver driver, SafeHandle context, Dictionary<string, SafeHandle> modules, Func<nint> stream) =>
        (_driver, _context, _modules, _stream) = (driver, context, modules, stream);

    /// <summary>Compiles the kernels, or takes them from the cache, and loads them.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="compiler">Compiles what the cache does not have.</param>
    /// <param name="cache">Kernels of earlier starts.</param>
    /// <param name="index">The GPU.</param>
    /// <param name="stream">The stream to launch in, asked at every launch.</param>
    /// <exception cref="CudaException">GPU, driver or compiler cannot; the message says why.</exception>
    public static GpuKernels Load(ICudaDriver driver, IKernelCompiler compiler, KernelCache cache, int index, Func<nint> stream)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentNullException.ThrowIfNull(compiler);
        ArgumentNullException.ThrowIfNull(cache);
        var gpu = driver.Describe(index);
        var options = Options(gpu, compiler);
        var images = new ConcurrentDictionary<string, byte[]>();
        try
        {
            Parallel.ForEach(ModuleNames, name => images[name] = cache.GetOrCompile(compiler, name, Source(name), options));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<CudaException>().FirstOrDefault() is { } failure)
        {
            throw new CudaException(failure.Message, e);
        }
        var context = driver.RetainContext(index);
        var modules = new Dictionary<string, SafeHandle>();
        try
        {
            foreach (var name in ModuleNames)
                modules.Add(name, driver.LoadModule(context, images[name]));
            return new GpuKernels(driver, context, modules, stream);
        }
        catch (CudaException)
        {
            foreach (var module in modules.Values)
                module.Dispose();
            context.Dispose();
            throw;
        }
    }

    /// <summary>The text of a module, with what all share in front.</summary>
    internal static string Source(string module) => $"{Resource("prelude.cuh")}\n{Resource($"{module}.cuh")}";

    /// <summary>All modules.</summary>
    internal static IReadOnlyList<string> Modules => ModuleNames;

    /// <summary>Queues a kernel behind what libtorch has queued; does not wait for it.</summary>
    /// <param name="name">The kernel; its module is what stands before the first underscore.</param>
    /// <param name="shape">Blocks and threads; no blocks: nothing happens.</param>
    /// <param name="arguments">The kernel's structure.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    internal void Launch<T>(string name, LaunchShape shape, ref T arguments)
        where T : unmanaged
    {
        if (shape.Blocks == 0)
            return;
        if (!_kernels.TryGetValue(name, out nint kernel))
            _kernels[name] = kernel = _driver.FindKernel(_modules[name[..name.IndexOf('_', StringComparison.Ordinal)]], name);
        _driver.Launch(_context, kernel, shape, _stream(), Unsafe.AsPointer(ref arguments));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var module in _modules.Values)
            module.Dispose();
        _context.Dispose();
    }

    /// <summary>
    /// Machine code for the GPU where the compiler knows it; else PTX of the newest older one, which the driver compiles. No
    /// contraction of products and sums: fused ones are written in the sources, so that both compilers give the same bits.
    /// </summary>
    private static string[] Options(GpuDescription gpu, IKernelCompiler compiler)
    {
        if (gpu.Capability < LeastCapability)
            throw new CudaException($"{gpu.Name} has compute capability {gpu.Capability}, and the kernels need {LeastCapability}");
        var best = compiler.Capabilities.Where(capability => capability <= gpu.Capability && capability >= LeastCapability).Max() ??
            throw new CudaException($"NVRTC {compiler.Version} makes no code for {gpu.Name} (compute capability {gpu.Capability}); a version for CUDA of another age does");
        var kind = best == gpu.Capability ? "sm" : "compute";
        return [$"--gpu-architecture={kind}_{best.Major}{best.Minor}", "--std=c++17", "--fmad=false"];
    }

    private static string Resource(string name)
    {
        using var stream = typeof(GpuKernels).Assembly.GetManifestResourceStream($"cuda/{name}") ?? throw new InvalidOperationException($"the assembly has no kernel source {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
