using System.Runtime.InteropServices;
using System.Text;

namespace Atelier.Kernels.Cuda;

/// <summary>Compiles kernels for GPUs. The tests have another one.</summary>
public interface IKernelCompiler
{
    /// <summary>Its version, as 13.0.</summary>
    Version Version { get; }

    /// <summary>Compute capabilities that it makes code for, as 9.0.</summary>
    IReadOnlyList<Version> Capabilities { get; }

    /// <summary>Compiles a source.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="source">CUDA C++.</param>
    /// <param name="options">As on NVRTC's command line.</param>
    /// <returns>A cubin where the options name a real architecture (sm_90), PTX where they name a virtual one (compute_90).</returns>
    /// <exception cref="CudaException">It does not compile; the message has the compiler's.</exception>
    byte[] Compile(string name, string source, IReadOnlyList<string> options);
}

/// <summary>The functions of NVRTC, as they are. Every answer is an nvrtcResult, 0 for success.</summary>
internal sealed unsafe class NvrtcImports(Func<string, nint> export)
{
    public readonly delegate* unmanaged<int*, int*, int> GetVersion = (delegate* unmanaged<int*, int*, int>)export("nvrtcVersion");
    public readonly delegate* unmanaged<int, byte*> GetErrorString = (delegate* unmanaged<int, byte*>)export("nvrtcGetErrorString");
    public readonly delegate* unmanaged<int*, int> CountArchitectures = (delegate* unmanaged<int*, int>)export("nvrtcGetNumSupportedArchs");
    public readonly delegate* unmanaged<int*, int> GetArchitectures = (delegate* unmanaged<int*, int>)export("nvrtcGetSupportedArchs");

    public readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> Create =
        (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)export("nvrtcCreateProgram");

    public readonly delegate* unmanaged<nint, int, byte**, int> Compile = (delegate* unmanaged<nint, int, byte**, int>)export("nvrtcCompileProgram");
    public readonly delegate* unmanaged<nint*, int> Destroy = (delegate* unmanaged<nint*, int>)export("nvrtcDestroyProgram");
    public readonly delegate* unmanaged<nint, nuint*, int> GetLogSize = (delegate* unmanaged<nint, nuint*, int>)export("nvrtcGetProgramLogSize");
    public readonly delegate* unmanaged<nint, byte*, int> GetLog = (delegate* unmanaged<nint, byte*, int>)export("nvrtcGetProgramLog");
    public readonly delegate* unmanaged<nint, nuint*, int> GetCubinSize = (delegate* unmanaged<nint, nuint*, int>)export("nvrtcGetCUBINSize");
    public readonly delegate* unmanaged<nint, byte*, int> GetCubin = (delegate* unmanaged<nint, byte*, int>)export("nvrtcGetCUBIN");
    public readonly delegate* unmanaged<nint, nuint*, int> GetPtxSize = (delegate* unmanaged<nint, nuint*, int>)export("nvrtcGetPTXSize");
    public readonly delegate* unmanaged<nint, byte*, int> GetPtx = (delegate* unmanaged<nint, byte*, int>)export("nvrtcGetPTX");

    public void Check(int answer, string call)
    {
        if (answer != 0)
            throw new CudaException($"{call}: {Marshal.PtrToStringUTF8((nint)GetErrorString(answer))}");
    }
}

/// <summary>A program of NVRTC.</summary>
internal sealed unsafe class NvrtcProgram : SafeHandle
{
    private readonly NvrtcImports _imports;

    public NvrtcProgram(NvrtcImports imports, string name, string source) : base(0, ownsHandle: true)
    {
        _imports = imports;
        nint program;
        fixed (byte* text = Encoding.UTF8.GetBytes(source + "\0"), title = Encoding.UTF8.GetBytes(name + "\0"))
            imports.Check(imports.Create(&program, text, title, 0, null, null), "nvrtcCreateProgram");
        SetHandle(program);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Everything the compiler said.</summary>
    public string Log
    {
        get
        {
            nuint size;
            if (_imports.GetLogSize(handle, &size) != 0 || size < 2)
                return "";
            var log = new byte[size];
            fixed (byte* text = log)
                return _imports.GetLog(handle, text) == 0 ? Encoding.UTF8.GetString(log).TrimEnd('\0', '\n') : "";
        }
    }

    public int Compile(IReadOnlyList<string> options)
    {
        var texts = options.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        try
        {
            fixed (nint* pointers = texts)
                return _imports.Compile(handle, texts.Length, (byte**)pointers);
        }
        finally
        {
            foreach (nint text in texts)
                Marshal.FreeCoTaskMem(text);
        }
    }

    public byte[] Read(delegate* unmanaged<nint, nuint*, int> getSize, delegate* unmanaged<nint, byte*, int> get, string call)
    {
        nuint size;
        _imports.Check(getSize(handle, &size), call);
        var image = new byte[size];
        fixed (byte* data = image)
            _imports.Check(get(handle, data), call);
        return image;
    }

    protected override bool ReleaseHandle()
    {
        nint program = handle;
        return _imports.Destroy(&program) == 0;
    }
}

/// <summary>NVIDIA's compiler of CUDA C++ at run time, which comes with libtorch for CUDA.</summary>
public sealed unsafe class NvrtcCompiler : IKernelCompiler
{
    private readonly NvrtcImports _imports;

    /// <summary>The compiler of a library that is loaded.</summary>
    /// <param name="export">A function of NVRTC, by its name.</param>
    /// <exception cref="CudaException">It does not answer.</exception>
    public NvrtcCompiler(Func<string, nint> export)
    {
        _imports = new NvrtcImports(export);
        int major, minor, count;
        _imports.Check(_imports.GetVersion(&major, &minor), "nvrtcVersion");
        _imports.Check(_imports.CountArchitectures(&count), "nvrtcGetNumSupportedArchs");
        var architectures = new int[count];
        fixed (int* numbers = architectures)
            _imports.Check(_imports.GetArchitectures(numbers), "nvrtcGetSupportedArchs");
        Version = new Version(major, minor);
        Capabilities = [.. architectures.Select(number => new Version(number / 10, number % 10))];
    }

    /// <inheritdoc/>
    public Version Version { get; }

    /// <inheritdoc/>
    public IReadOnlyList<Version> Capabilities { get; }

    /// <inheritdoc/>
    public byte[] Compile(string name, string source, IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var program = new NvrtcProgram(_imports, name, source);
        int answer = program.Compile(options);
        if (answer != 0)
            throw new CudaException($"NVRTC {Version} cannot compile {name}: {program.Log}");
        return options.Any(option => option.Contains("=sm_", StringComparison.Ordinal))
            ? program.Read(_imports.GetCubinSize, _imports.GetCubin, "nvrtcGetCUBIN")
            : program.Read(_imports.GetPtxSize, _imports.GetPtx, "nvrtcGetPTX");
    }
}
