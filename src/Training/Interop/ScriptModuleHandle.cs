using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>Owner of a TorchScript module that is called with keyword arguments (<c>native/ops/script</c>).</summary>
internal sealed class ScriptModuleHandle : SafeHandle
{
    /// <summary>Creates an empty handle, for the marshaller to fill.</summary>
    public ScriptModuleHandle()
        : base(0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        OpsLibrary.ScriptFree(handle);
        return true;
    }
}
