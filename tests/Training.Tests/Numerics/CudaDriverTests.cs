using System.Runtime.InteropServices;
using Atelier.Training.Numerics;

namespace Atelier.Training.Tests.Numerics;

/// <summary>What is asked of a GPU's driver, of one that a test plays.</summary>
public sealed class CudaDriverTests
{
    private const nint Context = 0x1234;

    private readonly List<string> _calls = [];
    private readonly Dictionary<string, Delegate> _functions;

    public CudaDriverTests() => _functions = new()
    {
        ["cuDeviceGet"] = (GetDevice)((out int device, int index) => Said($"device {index}", device = index + 40)),
        ["cuDevicePrimaryCtxRetain"] = (Retain)((out nint context, int device) => Said($"retain {device}", context = Context)),
        ["cuDevicePrimaryCtxRelease_v2"] = (Release)(device => Said($"release {device}")),
        ["cuCtxPushCurrent_v2"] = (Push)(context => Said($"push {context:x}")),
        ["cuCtxPopCurrent_v2"] = (Pop)((out nint context) => Said("pop", context = Context)),
        ["cuMemGetInfo_v2"] = (Read)((out nuint free, out nuint size) => Said("read", free = 30, size = 100)),
    };

    private delegate int GetDevice(out int device, int index);

    private delegate int Retain(out nint context, int device);

    private delegate int Release(int device);

    private delegate int Push(nint context);

    private delegate int Pop(out nint context);

    private delegate int Read(out nuint free, out nuint size);

    [Fact]
    public void ReadMemory_OfAGpu_IsReadInItsContext()
    {
        Assert.Equal(new DeviceMemory(70, 100), CudaDriver.ReadMemory(Export, 1));

        Assert.Equal(["device 1", "retain 41", "push 1234", "read", "pop", "release 41"], _calls);
    }

    [Fact]
    public void ReadMemory_ThatTheDriverRefuses_IsNothingAndLeavesNoContext()
    {
        _functions["cuMemGetInfo_v2"] = (Read)((out nuint free, out nuint size) =>
        {
            Said("read", free = 0, size = 0);
            return 201;
        });

        Assert.Null(CudaDriver.ReadMemory(Export, 0));

        Assert.Equal(["pop", "release 40"], _calls[^2..]);
    }

    [Fact]
    public void ReadMemory_OfTheProcessor_IsNothing() => Assert.Null(ComputeDevice.Cpu.ReadMemory());

    private nint Export(string name) => Marshal.GetFunctionPointerForDelegate(_functions[name]);

    /// <summary>Success, after the arguments were set.</summary>
    private int Said(string call, params object[] _)
    {
        _calls.Add(call);
        return 0;
    }
}
