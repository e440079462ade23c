using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Owner of one native object: freed exactly once, by disposal or by the finalizer, never during a call.</summary>
internal abstract class NativeHandle : SafeHandle
{
    private protected NativeHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>The raw pointer, or zero once freed or handed over.</summary>
    internal nint Pointer => IsClosed ? 0 : handle;
}
