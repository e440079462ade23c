namespace TorchSharp.Interop;

/// <summary>Owner of one <c>at::Tensor*</c>; counts how many are alive in the process.</summary>
internal sealed class TensorHandle : NativeHandle
{
    private static long s_live;
    private static long s_peak;

    internal TensorHandle(nint handle) : base(handle)
    {
        if (handle == 0) return;
        var live = Interlocked.Increment(ref s_live);
        // A race may miss a momentary peak by a few: it is a statistic, and a lock on every tensor is not worth it.
        if (live > Volatile.Read(ref s_peak)) Volatile.Write(ref s_peak, live);
    }

    /// <summary>What optional tensor arguments pass when there is none: a null pointer.</summary>
    internal static TensorHandle None { get; } = new(0);

    internal static long LiveCount => Interlocked.Read(ref s_live);

    internal static long PeakCount => Interlocked.Read(ref s_peak);

    internal static TensorHandle Of(torch.Tensor? tensor) => tensor is null ? None : tensor.handle;

    /// <summary>Hands ownership of the native tensor to the caller.</summary>
    internal nint Release()
    {
        var pointer = Pointer;
        SetHandleAsInvalid();
        Interlocked.Decrement(ref s_live);
        return pointer;
    }

    protected override bool ReleaseHandle()
    {
        Interlocked.Decrement(ref s_live);
        return Native.atorch_free(handle) == 0;
    }
}
