using System.Runtime.InteropServices;
using System.Text;

namespace Atelier.Kernels.Cuda;

/// <summary>The functions of libcuda that kernels need, as they are. Every answer is a CUresult, 0 for success.</summary>
/// <param name="export">A function of the library, by its name.</param>
internal sealed unsafe class DriverImports(Func<string, nint> export)
{
    public readonly delegate* unmanaged<uint, int> Initialise = (delegate* unmanaged<uint, int>)export("cuInit");
    public readonly delegate* unmanaged<int*, int> GetVersion = (delegate* unmanaged<int*, int>)export("cuDriverGetVersion");
    public readonly delegate* unmanaged<int, byte**, int> GetErrorString = (delegate* unmanaged<int, byte**, int>)export("cuGetErrorString");
    public readonly delegate* unmanaged<int*, int, int> GetDevice = (delegate* unmanaged<int*, int, int>)export("cuDeviceGet");
    public readonly delegate* unmanaged<byte*, int, int, int> GetName = (delegate* unmanaged<byte*, int, int, int>)export("cuDeviceGetName");
    public readonly delegate* unmanaged<int*, int, int, int> GetAttribute = (delegate* unmanaged<int*, int, int, int>)export("cuDeviceGetAttribute");
    public readonly delegate* unmanaged<nint*, int, int> Retain = (delegate* unmanaged<nint*, int, int>)export("cuDevicePrimaryCtxRetain");
    public readonly delegate* unmanaged<int, int> Release = (delegate* unmanaged<int, int>)export("cuDevicePrimaryCtxRelease_v2");
    public readonly delegate* unmanaged<nint*, int> GetCurrent = (delegate* unmanaged<nint*, int>)export("cuCtxGetCurrent");
    public readonly delegate* unmanaged<nint, int> Push = (delegate* unmanaged<nint, int>)export("cuCtxPushCurrent_v2");
    public readonly delegate* unmanaged<nint*, int> Pop = (delegate* unmanaged<nint*, int>)export("cuCtxPopCurrent_v2");
    public readonly delegate* unmanaged<nint*, byte*, uint, int*, void**, int> LoadModule = (delegate* unmanaged<nint*, byte*, uint, int*, void**, int>)export("cuModuleLoadDataEx");
    public readonly delegate* unmanaged<nint, int> Unload = (delegate* unmanaged<nint, int>)export("cuModuleUnload");
    public readonly delegate* unmanaged<nint*, nint, byte*, int> GetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)export("cuModuleGetFunction");

    public readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> Launch =
        (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)export("cuLaunchKernel");

    /// <exception cref="CudaException">The answer is an error.</exception>
    public void Check(int answer, string call)
    {
        if (answer == 0)
            return;
        byte* text = null;
        var reason = GetErrorString(answer, &text) == 0 && text != null ? Marshal.PtrToStringUTF8((nint)text) : "unknown error";
        throw new CudaException($"{call}: {reason} (CUDA error {answer})");
    }
}

/// <summary>Holds a GPU's primary context, which is the one that libtorch computes in.</summary>
internal sealed unsafe class GpuContext : SafeHandle
{
    private readonly DriverImports _imports;
    private readonly int _device;

    public GpuContext(DriverImports imports, int device) : base(0, ownsHandle: true)
    {
        (_imports, _device) = (imports, device);
        nint context;
        imports.Check(imports.Retain(&context, device), "cuDevicePrimaryCtxRetain");
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Makes it the calling thread's context, where it is not, until the result is disposed.</summary>
    public Current Enter()
    {
        nint current;
        _imports.Check(_imports.GetCurrent(&current), "cuCtxGetCurrent");
        if (current == handle)
            return default;
        _imports.Check(_imports.Push(handle), "cuCtxPushCurrent");
        return new Current(_imports);
    }

    protected override bool ReleaseHandle() => _imports.Release(_device) == 0;

    public readonly struct Current(DriverImports? imports) : IDisposable
    {
        private readonly DriverImports? _imports = imports;

        public void Dispose()
        {
            nint popped;
            if (_imports is not null)
                _ = _imports.Pop(&popped);
        }
    }
}

/// <summary>Loaded kernels; they keep their context.</summary>
internal sealed unsafe class GpuModule : SafeHandle
{
    private readonly DriverImports _imports;
    private readonly GpuContext _context;

    public GpuModule(DriverImports imports, GpuContext context, byte[] image) : base(0, ownsHandle: true)
    {
        (_imports, _context) = (imports, context);
        bool added = false;
        context.DangerousAddRef(ref added);
        nint module = 0;
        try
        {
            using var current = context.Enter();
            fixed (byte* data = image)
                imports.Check(imports.LoadModule(&module, data, 0, null, null), "cuModuleLoadDataEx");
        }
        catch (CudaException)
        {
            context.DangerousRelease();
            throw;
        }
        SetHandle(module);
    }

    public override bool IsInvalid => handle == 0;

    public nint Find(string name)
    {
        using var current = _context.Enter();
        nint function;
        fixed (byte* text = Encoding.ASCII.GetBytes(name + "\0"))
            _imports.Check(_imports.GetFunction(&function, handle, text), $"cuModuleGetFunction {name}");
        return function;
    }

    protected override bool ReleaseHandle()
    {
        bool done;
        using (_context.Enter())
            done = _imports.Unload(handle) == 0;
        _context.DangerousRelease();
        return done;
    }
}

/// <summary>NVIDIA's driver.</summary>
public sealed unsafe class NvidiaDriver : ICudaDriver
{
    private const int CapabilityMajor = 75, CapabilityMinor = 76; // CUdevice_attribute

    private readonly DriverImports _imports;

    /// <summary>The driver of a library that is loaded.</summary>
    /// <param name="export">A function of libcuda, by its name.</param>
    /// <exception cref="CudaException">It cannot be initialised.</exception>
    public NvidiaDriver(Func<string, nint> export)
    {
        _imports = new DriverImports(export);
        _imports.Check(_imports.Initialise(0), "cuInit");
    }

    /// <inheritdoc/>
    public Version Version
    {
        get
        {
            int version;
            _imports.Check(_imports.GetVersion(&version), "cuDriverGetVersion");
            return new Version(version / 1000, version % 1000 / 10);
        }
    }

    /// <inheritdoc/>
    public GpuDescription Describe(int index)
    {
        int device = Device(index), major, minor;
        byte* name = stackalloc byte[256];
        _imports.Check(_imports.GetName(name, 256, device), "cuDeviceGetName");
        _imports.Check(_imports.GetAttribute(&major, CapabilityMajor, device), "cuDeviceGetAttribute");
        _imports.Check(_imports.GetAttribute(&minor, CapabilityMinor, device), "cuDeviceGetAttribute");
        return new GpuDescription(Marshal.PtrToStringUTF8((nint)name) ?? "", new Version(major, minor));
    }

    /// <inheritdoc/>
    public SafeHandle RetainContext(int index) => new GpuContext(_imports, Device(index));

    /// <inheritdoc/>
    public SafeHandle LoadModule(SafeHandle context, byte[] image) => new GpuModule(_imports, (GpuContext)context, image);

    /// <inheritdoc/>
    public nint FindKernel(SafeHandle module, string name)
    {
        ArgumentNullException.ThrowIfNull(module);
        return ((GpuModule)module).Find(name);
    }

    /// <inheritdoc/>
    public void Launch(SafeHandle context, nint kernel, LaunchShape shape, nint stream, void* arguments)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var current = ((GpuContext)context).Enter();
        _imports.Check(_imports.Launch(kernel, shape.Blocks, 1, 1, shape.Threads, 1, 1, 0, stream, &arguments, null), "cuLaunchKernel");
    }

    private int Device(int index)
    {
        int device;
        _imports.Check(_imports.GetDevice(&device, index), "cuDeviceGet");
        return device;
    }
}
