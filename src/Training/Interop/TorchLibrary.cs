using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Runtime.Loader;
using System.Security.Cryptography;
using Atelier.Core;

namespace Atelier.Training.Interop;

/// <summary>How TorchSharp's native library came into this process.</summary>
public enum TorchLoading
{
    /// <summary>Nobody has asked for it yet, or the system's loader found it and it was left as it is.</summary>
    Untouched,

    /// <summary>The system's C++ library is older than the package expects; a copy of TorchSharp's library adapted to it was loaded.</summary>
    Adapted,
}

/// <summary>
/// Prepares the process for libtorch, before anything loads it: fixes the instruction set that its bits come from, and lets
/// TorchSharp's native library load where the C++ library is older than GLIBCXX_3.4.32 (docs/decisions/0011-torchsharp.md).
/// </summary>
public static class TorchLibrary
{
    private const string Name = "LibTorchSharp";
    private const string FileName = "libLibTorchSharp.so";

    // Asking TorchSharp for it would load libtorch.
    internal const string BindingVersion = "2.10.0";

    private static readonly Lock Gate = new();
    private static nint _adapted;
    private static (TorchFolder Folder, nint Library)? _other;

    /// <summary>What was done to load TorchSharp's native library.</summary>
    public static TorchLoading Loading => _adapted == 0 ? TorchLoading.Untouched : TorchLoading.Adapted;

    /// <summary>Whether libtorch can run the AVX2 code that runs are pinned to: asked of the processor, whatever .NET was told to use.</summary>
    public static bool ProcessorHasAvx2 => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx & (1 << 5)) != 0;

    /// <summary>Whether libtorch is one for CUDA.</summary>
    public static bool HasCuda => Find(CudaLibraries.TorchCuda) is not null;

    /// <summary>libtorch's version, as in <c>2.10.0</c>.</summary>
    public static string Version => _other?.Folder.Version ?? TorchSharp.torch.__version__;

    /// <summary>The folder of a libtorch other than the package's, where <c>ATELIER_LIBTORCH</c> names one; else null.</summary>
    public static string? OtherFolder { get; } = Environment.GetEnvironmentVariable(TorchFolder.Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Where libtorch's libraries may be.</summary>
    internal static IEnumerable<string> NativeFolders => OtherFolder is null ? OwnFolders : [OtherFolder];

    private static IEnumerable<string> OwnFolders =>
        ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory).Append(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"));

    /// <summary>Where the adapted copy is kept: <c>$XDG_CACHE_HOME/atelier</c> or <c>~/.cache/atelier</c>.</summary>
    public static string CacheFolder
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
                cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
            return Path.Combine(cache, "atelier");
        }
    }

    /// <summary>Runs when the first member of this assembly is used, which is before its first tensor.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "the environment must be set before libtorch loads, whoever uses the first tensor")]
    internal static void Prepare()
    {
        // Until NumericsEnvironment says otherwise: by itself libtorch takes as many as there are processors.
        LibC.SetEnvironment("OMP_NUM_THREADS", "1");
        if (ProcessorHasAvx2)
        {
            LibC.SetEnvironment("ATEN_CPU_CAPABILITY", "avx2");
            LibC.SetEnvironment("ONEDNN_MAX_CPU_ISA", "AVX2");
            LibC.SetEnvironment("MKL_CBWR", "COMPATIBLE");
        }
        if (OtherFolder is not null)
        {
            // By their names, as TorchSharp and this assembly ask for them: the package's, if there is one, must not be loaded as well.
            NativeLibrary.SetDllImportResolver(typeof(TorchSharp.torch).Assembly, (name, _, _) => ResolveOther(name));
            NativeLibrary.SetDllImportResolver(typeof(TorchLibrary).Assembly, (name, _, _) => ResolveOther(name));
        }
        else if (OperatingSystem.IsLinux())
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == Name ? LoadAdapted() : 0;
    }

    /// <summary>Loads TorchSharp's native library now, so that what is in the way is said once and plainly.</summary>
    /// <exception cref="UserErrorException">It cannot be loaded; the message says why and what to do.</exception>
    public static void Load()
    {
        if (OtherFolder is not null)
            LoadOther();
        else if (!NativeLibrary.TryLoad(Name, typeof(TorchSharp.torch).Assembly, null, out _))
            throw new UserErrorException($"{FileName} or libtorch is missing next to the program, or has the wrong version; build or publish Atelier again");
    }

    private static nint ResolveOther(string name) => name switch
    {
        Name => LoadOther(),
        "torch_cpu" or "torch_cuda" => LoadOther() == 0 || Find($"lib{name}.so") is not { } file ? 0 : NativeLibrary.Load(file),
        _ => 0,
    };

    /// <summary>Loads the other libtorch, and then TorchSharp's library over it.</summary>
    private static nint LoadOther()
    {
        lock (Gate)
        {
            if (_other is not { } other)
            {
                var binding = Own(FileName) ?? throw new UserErrorException($"{FileName} is missing next to the program; build or publish Atelier again");
                var folder = TorchFolder.Check(OtherFolder!, binding, BindingVersion);
                folder.Load();
                _other = other = (folder, NativeLibrary.TryLoad(binding, out nint library) ? library : LoadAdapted(binding));
            }
            return other.Library;
        }
    }

    /// <summary>Asked only where the system's loader has failed.</summary>
    private static nint LoadAdapted()
    {
        lock (Gate)
        {
            if (_adapted != 0)
                return _adapted;
            if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
                throw new UserErrorException($"TorchSharp has no native library for {RuntimeInformation.ProcessArchitecture} on Linux; Atelier runs on x64");
            var original = Require(FileName);
            Require("libc10.so");
            Require("libtorch_cpu.so");
            // First, so that the copy, which stands elsewhere, finds what it needs already loaded.
            NativeLibrary.Load(Require("libtorch.so"));
            return LoadAdapted(original);
        }
    }

    private static nint LoadAdapted(string original)
    {
        var image = File.ReadAllBytes(original);
        if (!LibTorchSharpImage.Adapt(image))
            throw new UserErrorException($"cannot load {original}, and not because of an old C++ library; the system's loader says: {LoaderMessage(original)}");
        var copy = Store(image, original);
        if (!NativeLibrary.TryLoad(copy, out _adapted))
            throw new UserErrorException($"a library of libtorch is missing next to {original}, or has the wrong version; build or publish Atelier again. The system's loader says: {LoaderMessage(copy)}");
        return _adapted;
    }

    private static string Require(string file) =>
        Own(file) ?? throw new UserErrorException(
            $"{file} is missing next to the program; build or publish Atelier again (libtorch comes from the package libtorch-cpu-linux-x64), or name a folder with libtorch in {TorchFolder.Variable}");

    /// <summary>A file of libtorch; null where there is none.</summary>
    internal static string? Find(string file) => NativeFolders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>A file that came with the program.</summary>
    private static string? Own(string file) => OwnFolders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static string LoaderMessage(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return "nothing";
        }
        catch (DllNotFoundException e)
        {
            return e.Message;
        }
    }

    /// <summary>The copy's path. It is named for its content, written once, and put in place whole.</summary>
    private static string Store(byte[] image, string original)
    {
        var folder = Path.Combine(CacheFolder, "torchsharp", Convert.ToHexStringLower(SHA256.HashData(image))[..16]);
        var path = Path.Combine(folder, FileName);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(image))
            return path;
        try
        {
            Directory.CreateDirectory(folder);
            var temporary = Path.Combine(folder, $".{Environment.ProcessId}.{Path.GetRandomFileName()}");
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, path, overwrite: true);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"this system's C++ library is older than TorchSharp expects, and an adapted copy of {Path.GetFileName(original)} could not be written to {folder}: {e.Message} Set XDG_CACHE_HOME to a writable folder");
        }
    }
}
