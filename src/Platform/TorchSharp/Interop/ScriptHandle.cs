namespace TorchSharp.Interop;

/// <summary>Owner of one <c>torch::jit::Module*</c>.</summary>
internal sealed class ScriptHandle(nint handle) : NativeHandle(handle)
{
    protected override bool ReleaseHandle() => Native.atorch_jit_free(handle) == 0;
}
