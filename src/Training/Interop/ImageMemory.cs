using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>Memory handed out by the image library; freed with the handle.</summary>
internal sealed class ImageMemory : SafeHandle
{
    /// <summary>Creates an empty handle, for the marshaller to fill.</summary>
    public ImageMemory()
        : base(0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Copies the first <paramref name="length"/> bytes to an array.</summary>
    public byte[] ToArray(int length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        Marshal.Copy(handle, bytes, 0, length);
        return bytes;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        ImageLibrary.Free(handle);
        return true;
    }
}
