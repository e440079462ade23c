namespace TorchSharp.Interop;

/// <summary>Owner of one <c>at::Generator*</c>.</summary>
internal sealed class GeneratorHandle(nint handle) : NativeHandle(handle)
{
    /// <summary>What optional generator arguments pass when there is none: libtorch's default generator.</summary>
    internal static GeneratorHandle None { get; } = new(0);

    internal static GeneratorHandle Of(torch.Generator? generator) => generator is null ? None : generator.handle;

    protected override bool ReleaseHandle() => Native.atorch_generator_free(handle) == 0;
}
