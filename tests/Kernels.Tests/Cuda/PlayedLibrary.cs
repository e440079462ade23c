using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Atelier.Kernels.Tests.Cuda;

/// <summary>A native library whose functions a test plays, and what was called.</summary>
internal abstract class PlayedLibrary
{
    // Whoever calls the functions holds only their addresses.
    private static readonly ConcurrentBag<PlayedLibrary> Alive = [];

    private readonly Dictionary<string, Delegate> _functions = [];

    protected PlayedLibrary() => Alive.Add(this);

    public List<string> Calls { get; } = [];

    /// <summary>A function by its name, as a library exports it.</summary>
    public nint Export(string name) => _functions.TryGetValue(name, out var function) ? Marshal.GetFunctionPointerForDelegate(function) : Unplayed(name);

    protected void Play(string name, Delegate function) => _functions[name] = function;

    /// <summary>The answer of a function that was called.</summary>
    protected int Said(string call, int answer = 0)
    {
        Calls.Add(call);
        return answer;
    }

    private nint Unplayed(string name)
    {
        Unexpected call = () => Said($"unexpected {name}", 1);
        _functions[name] = call;
        return Marshal.GetFunctionPointerForDelegate(call);
    }

    private delegate int Unexpected();
}

/// <summary>A driver with one GPU of compute capability 9.0, whose contexts, modules and kernels are numbers.</summary>
internal sealed unsafe class PlayedDriver : PlayedLibrary
{
    public const nint PrimaryContext = 0x1000, Module = 0x2000, Kernel = 0x3000, OtherContext = 0x9000;

    private static readonly nint Text = Marshal.StringToHGlobalAnsi("no such thing"), Name = Marshal.StringToHGlobalAnsi("Played GPU");

    public PlayedDriver()
    {
        Play("cuInit", (Int)(flags => Said($"init {flags}")));
        Play("cuDriverGetVersion", (OutInt)((out int version) => Said("version", (version = 13020) - 13020)));
        Play("cuGetErrorString", (ErrorString)((int _, out nint text) => (text = Text) == 0 ? 1 : 0));
        Play("cuDeviceGet", (OutIntInt)((out int device, int index) => Said($"device {index}", (device = index + 40) > 40 ? 101 : 0)));
        Play("cuDeviceGetName", (GetName)((buffer, length, device) =>
        {
            new ReadOnlySpan<byte>((void*)Name, 11).CopyTo(new Span<byte>(buffer, length));
            return Said($"name {device}");
        }));
        Play("cuDeviceGetAttribute", (Attribute)((out int value, int attribute, int device) => Said($"attribute {attribute} of {device}", (value = attribute == 75 ? 9 : 0) * 0)));
        Play("cuDevicePrimaryCtxRetain", (OutPointerInt)((out nint context, int device) => Said($"retain {device}", (context = PrimaryContext) == 0 ? 1 : 0)));
        Play("cuDevicePrimaryCtxRelease_v2", (Int2)(device => Said($"release {device}")));
        Play("cuCtxGetCurrent", (OutPointer)((out nint context) => (context = Current) * 0 == 0 ? 0 : 1));
        Play("cuCtxPushCurrent_v2", (Pointer)(context => Said($"push {context:x}", (Current = context) == 0 ? 1 : 0)));
        Play("cuCtxPopCurrent_v2", (OutPointer)((out nint context) =>
        {
            (context, Current) = (Current, OtherContext);
            return Said("pop");
        }));
        Play("cuModuleLoadDataEx", (LoadData)((out nint module, byte* image, uint options, nint _, nint _) => Said($"load {(char)image[0]}", (module = Module) * 0 == 0 ? LoadAnswer : 1)));
        Play("cuModuleUnload", (Pointer)(module => Said($"unload {module:x}")));
        Play("cuModuleGetFunction", (GetFunction)((out nint function, nint module, byte* name) => Said($"function {Marshal.PtrToStringAnsi((nint)name)} of {module:x}", (function = Kernel) == 0 ? 1 : 0)));
        Play("cuLaunchKernel", (Launch)((function, gx, gy, gz, bx, by, bz, bytes, stream, arguments, _) =>
            Said($"launch {function:x} {gx},{gy},{gz} {bx},{by},{bz} {bytes} on {stream:x} with {*(int*)arguments[0]}")));
    }

    /// <summary>The calling thread's context.</summary>
    public nint Current { get; set; } = OtherContext;

    /// <summary>What the driver says to a module.</summary>
    public int LoadAnswer { get; set; }

    private delegate int Int(uint flags);

    private delegate int Int2(int value);

    private delegate int OutInt(out int value);

    private delegate int OutIntInt(out int value, int index);

    private delegate int OutPointerInt(out nint value, int index);

    private delegate int OutPointer(out nint value);

    private delegate int Pointer(nint value);

    private delegate int ErrorString(int error, out nint text);

    private delegate int GetName(byte* buffer, int length, int device);

    private delegate int Attribute(out int value, int attribute, int device);

    private delegate int LoadData(out nint module, byte* image, uint options, nint names, nint values);

    private delegate int GetFunction(out nint function, nint module, byte* name);

    private delegate int Launch(nint function, uint gx, uint gy, uint gz, uint bx, uint by, uint bz, uint bytes, nint stream, void** arguments, void** extra);
}

/// <summary>NVRTC 13.0 for the given architectures; an image is the letter C for a cubin and P for PTX.</summary>
internal sealed unsafe class PlayedCompiler : PlayedLibrary
{
    private static readonly nint Text = Marshal.StringToHGlobalAnsi("NVRTC_ERROR_PLAYED");

    public PlayedCompiler(params int[] architectures)
    {
        Play("nvrtcVersion", (Version)((out int major, out int minor) => (major = 13) + (minor = 0) - 13));
        Play("nvrtcGetErrorString", (ErrorString)(_ => Text));
        Play("nvrtcGetNumSupportedArchs", (OutInt)((out int count) => (count = architectures.Length) * 0));
        Play("nvrtcGetSupportedArchs", (Fill)(numbers =>
        {
            architectures.CopyTo(new Span<int>(numbers, architectures.Length));
            return 0;
        }));
        Play("nvrtcCreateProgram", (Create)((out nint program, byte* source, byte* name, int _, nint _, nint _) =>
        {
            program = 0x77;
            lock (Calls)
                return Said($"create {Marshal.PtrToStringUTF8((nint)name)}");
        }));
        Play("nvrtcCompileProgram", (Compile)((program, count, options) =>
        {
            lock (Calls)
                return Said($"compile {string.Join(' ', Enumerable.Range(0, count).Select(i => Marshal.PtrToStringUTF8((nint)options[i])))}", CompileAnswer);
        }));
        Play("nvrtcDestroyProgram", (OutPointer)((ref nint program) =>
        {
            lock (Calls)
                return Said($"destroy {program:x}");
        }));
        Play("nvrtcGetProgramLogSize", (Size)((nint _, out nuint size) => (int)(size = 9) * 0));
        Play("nvrtcGetProgramLog", (Bytes)((_, bytes) => Write(bytes, "line 12\n\0")));
        Play("nvrtcGetCUBINSize", (Size)((nint _, out nuint size) => (int)(size = 1) * 0));
        Play("nvrtcGetCUBIN", (Bytes)((_, bytes) => Write(bytes, "C")));
        Play("nvrtcGetPTXSize", (Size)((nint _, out nuint size) => (int)(size = 2) * 0));
        Play("nvrtcGetPTX", (Bytes)((_, bytes) => Write(bytes, "P\0")));
    }

    /// <summary>What compiling answers.</summary>
    public int CompileAnswer { get; set; }

    private static int Write(byte* bytes, string text)
    {
        for (int i = 0; i < text.Length; i++)
            bytes[i] = (byte)text[i];
        return 0;
    }

    private delegate int Version(out int major, out int minor);

    private delegate nint ErrorString(int error);

    private delegate int OutInt(out int value);

    private delegate int Fill(int* numbers);

    private delegate int Create(out nint program, byte* source, byte* name, int headers, nint texts, nint names);

    private delegate int Compile(nint program, int count, byte** options);

    private delegate int OutPointer(ref nint program);

    private delegate int Size(nint program, out nuint size);

    private delegate int Bytes(nint program, byte* bytes);
}
