namespace Atelier.Training.Numerics;

/// <summary>Memory of a GPU.</summary>
/// <param name="UsedBytes">What all processes have of it.</param>
/// <param name="SizeBytes">All of it.</param>
public sealed record DeviceMemory(long UsedBytes, long SizeBytes);

/// <summary>What is asked of NVIDIA's driver itself: TorchSharp has no functions for it. Every answer is a CUresult, 0 for success.</summary>
internal static unsafe class CudaDriver
{
    /// <summary>Counts GPUs.</summary>
    /// <param name="export">A function of the driver, by its name.</param>
    /// <param name="count">GPUs that this process may use.</param>
    public static int CountGpus(Func<string, nint> export, out int count)
    {
        count = 0;
        var initialise = (delegate* unmanaged<uint, int>)export("cuInit");
        var countDevices = (delegate* unmanaged<int*, int>)export("cuDeviceGetCount");
        int error = initialise(0), found = 0;
        if (error == 0)
            error = countDevices(&found);
        count = found;
        return error;
    }

    /// <summary>Reads a GPU's memory, within the context that libtorch has of it; null where the driver refuses.</summary>
    /// <param name="export">A function of the driver, by its name.</param>
    /// <param name="index">Which of the GPUs that this process may use.</param>
    public static DeviceMemory? ReadMemory(Func<string, nint> export, int index)
    {
        var getDevice = (delegate* unmanaged<int*, int, int>)export("cuDeviceGet");
        var retain = (delegate* unmanaged<nint*, int, int>)export("cuDevicePrimaryCtxRetain");
        var release = (delegate* unmanaged<int, int>)export("cuDevicePrimaryCtxRelease_v2");
        int device;
        nint context;
        if (getDevice(&device, index) != 0 || retain(&context, device) != 0)
            return null;
        try
        {
            return ReadMemory(export, context);
        }
        finally
        {
            _ = release(device);
        }
    }

    private static DeviceMemory? ReadMemory(Func<string, nint> export, nint context)
    {
        var push = (delegate* unmanaged<nint, int>)export("cuCtxPushCurrent_v2");
        var pop = (delegate* unmanaged<nint*, int>)export("cuCtxPopCurrent_v2");
        var read = (delegate* unmanaged<nuint*, nuint*, int>)export("cuMemGetInfo_v2");
        if (push(context) != 0)
            return null;
        nuint free, size;
        int error = read(&free, &size);
        _ = pop(&context);
        return error == 0 ? new((long)(size - free), (long)size) : null;
    }
}
