using static TorchSharp.torch;

namespace Atelier.Training.Interop;

/// <summary>
/// Reading a device's numbers from the host, which waits for all that was queued: between iterations, never in one. What a step
/// consists of reads through this, so that a test, or a run with <c>ATELIER_DEBUG_READBACK=1</c>, can have it throw, on processors too.
/// </summary>
public static class ReadBack
{
    [ThreadStatic]
    private static int _forbidden;

    /// <summary>Whether phases forbid it.</summary>
    public static bool IsChecked { get; set; } = Environment.GetEnvironmentVariable("ATELIER_DEBUG_READBACK") == "1";

    /// <summary>Has this thread's attempts throw until the result is disposed, where that is checked.</summary>
    public static Forbidden Forbid() => new(IsChecked);

    /// <summary>The tensor's numbers in host memory.</summary>
    /// <exception cref="InvalidOperationException">This is not the time for it.</exception>
    public static Tensor ToHost(this Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (_forbidden > 0)
            throw new InvalidOperationException($"{tensor.dtype} [{string.Join(", ", tensor.shape)}] is read from the device within a phase, which makes the host wait for it");
        return tensor.cpu();
    }

    /// <summary>The only number of a float64 tensor.</summary>
    /// <exception cref="InvalidOperationException">This is not the time for it.</exception>
    public static double ReadNumber(this Tensor tensor)
    {
        using var host = tensor.ToHost();
        return host.item<double>();
    }

    /// <summary>Ends with its disposal.</summary>
    public readonly struct Forbidden : IDisposable
    {
        private readonly bool _counts;

        internal Forbidden(bool counts)
        {
            _counts = counts;
            _forbidden += counts ? 1 : 0;
        }

        /// <inheritdoc/>
        public void Dispose() => _forbidden -= _counts ? 1 : 0;
    }
}

/// <summary>Giving a device numbers from the host without waiting for it.</summary>
public static class Upload
{
    /// <summary>
    /// The tensor on a device. To a GPU it travels from memory that the system may not move, queued behind what the GPU does;
    /// libtorch keeps that memory until the copy has been made.
    /// </summary>
    /// <param name="host">In the host's memory.</param>
    /// <param name="device">Where to.</param>
    public static Tensor To(Tensor host, Device device)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(device);
        return device.type == TorchSharp.DeviceType.CUDA ? host.pin_memory().to(device, non_blocking: true) : host.to(device);
    }
}
