using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Atelier.Kernels.Cuda;
using Atelier.Training.Ops;

namespace Atelier.Training.Tests.Gpu;

/// <summary>
/// A GPU that is the processor: the kernels' own sources, compiled by clang or g++ as C++ (emulation.hpp), over the host's memory. What
/// is tested with it is their arithmetic and indices, the launches, and the ops; not what a GPU does with them.
/// </summary>
internal sealed unsafe class EmulatedGpu : ICudaDriver, IKernelCompiler
{
    private static readonly Lock Gate = new();
    private static readonly Lazy<GpuKernels> Loaded = new(Load);

    private readonly string _compiler;

    private EmulatedGpu(string compiler) => _compiler = compiler;

    /// <summary>A compiler of this machine that can make the emulation; null for none.</summary>
    public static string? Compiler { get; } = new[] { "clang++-19", "clang++-16", "clang++", "g++" }.FirstOrDefault(name =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name))));

    /// <summary>Launches so far, by kernel.</summary>
    public static Dictionary<string, int> Launches { get; } = [];

    public Version Version { get; } = new(13, 0);

    public IReadOnlyList<Version> Capabilities { get; } = [new(9, 0)];

    /// <summary>Makes this thread's ops run the kernels on tensors in the host's memory, until the result is disposed. Skips the test where nothing compiles them.</summary>
    public static Use Begin()
    {
        if (Compiler is null || !System.Runtime.Intrinsics.X86.Fma.IsSupported)
            Assert.Skip("neither clang nor g++ is installed, or the processor has no fused multiply-add");
        return new Use(Loaded.Value);
    }

    private static GpuKernels Load()
    {
        var gpu = new EmulatedGpu(Compiler!);
        return GpuKernels.Load(gpu, gpu, new KernelCache(null), 0, () => 0);
    }

    public GpuDescription Describe(int index) => new("the processor", new Version(9, 0));

    public SafeHandle RetainContext(int index) => new Library(0);

    public SafeHandle LoadModule(SafeHandle context, byte[] image) => new Library(NativeLibrary.Load(Encoding.UTF8.GetString(image)));

    public nint FindKernel(SafeHandle module, string name)
    {
        nint library = module.DangerousGetHandle();
        lock (Gate)
        {
            return Found.TryGetValue(name, out nint kernel) ? kernel : Found[name] = (nint)GCHandle.ToIntPtr(GCHandle.Alloc(new Kernel(
                name, NativeLibrary.GetExport(library, name), (delegate* unmanaged<nint, void*, uint, uint, int, void>)NativeLibrary.GetExport(library, "run_kernel"),
                NativeLibrary.TryGetExport(library, $"{name}_syncs", out _))));
        }
    }

    public void Launch(SafeHandle context, nint kernel, LaunchShape shape, nint stream, void* arguments)
    {
        var entry = (Kernel)GCHandle.FromIntPtr(kernel).Target!;
        lock (Gate)
            Launches[entry.Name] = Launches.GetValueOrDefault(entry.Name) + 1;
        entry.Run(entry.Function, arguments, shape.Blocks, shape.Threads, entry.Syncs ? 1 : 0);
    }

    /// <summary>The size that a module gives the structure of a kernel.</summary>
    public static uint ArgumentBytes(string kernel)
    {
        nint library = Libraries[kernel[..kernel.IndexOf('_', StringComparison.Ordinal)]];
        return ((delegate* unmanaged<uint>)NativeLibrary.GetExport(library, $"{kernel}_bytes"))();
    }

    /// <summary>Compiles a module to a library, once for its text, and returns its path.</summary>
    public byte[] Compile(string name, string source, IReadOnlyList<string> options)
    {
        var header = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Gpu", "emulation.hpp"));
        var folder = Path.Combine(Path.GetTempPath(), "atelier-emulated-gpu");
        Directory.CreateDirectory(folder);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{_compiler}\0{header}\0{source}")))[..16];
        string path = Path.Combine(folder, $"{name}-{hash}.so"), own = Path.Combine(folder, $"{name}-{hash}-{Environment.ProcessId}");
        if (!File.Exists(path))
        {
            File.WriteAllText($"{own}.cpp", $"{header}\n#line 1 \"{name}.cuh\"\n{source}");
            Run(_compiler, "-x", "c++", "-std=c++17", "-O1", "-mfma", "-mf16c", "-ffp-contract=off", "-fno-strict-aliasing", "-shared", "-fPIC", "-w", $"{own}.cpp", "-o", $"{own}.so");
            File.Move($"{own}.so", path, overwrite: true);
            File.Delete($"{own}.cpp");
        }
        lock (Gate)
            Libraries[name] = NativeLibrary.Load(path);
        return Encoding.UTF8.GetBytes(path);
    }

    private static Dictionary<string, nint> Libraries { get; } = [];

    private static Dictionary<string, nint> Found { get; } = [];

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CudaException(said);
    }

    /// <summary>While it lives, ops of this thread run the kernels.</summary>
    public readonly struct Use : IDisposable
    {
        public Use(GpuKernels kernels) => OpKernels.Emulated = kernels;

        public void Dispose() => OpKernels.Emulated = null;
    }

    private sealed class Kernel(string name, nint function, delegate* unmanaged<nint, void*, uint, uint, int, void> run, bool syncs)
    {
        public readonly string Name = name;
        public readonly nint Function = function;
        public readonly delegate* unmanaged<nint, void*, uint, uint, int, void> Run = run;
        public readonly bool Syncs = syncs;
    }

    private sealed class Library : SafeHandle
    {
        public Library(nint library) : base(0, ownsHandle: false) => SetHandle(library);

        public override bool IsInvalid => false;

        protected override bool ReleaseHandle() => true;
    }
}
