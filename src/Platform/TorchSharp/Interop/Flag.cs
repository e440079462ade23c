namespace TorchSharp.Interop;

/// <summary>A truth value as the C ABI takes it: a whole register, blittable.</summary>
internal readonly struct Flag
{
    private readonly int value;

    private Flag(bool value) => this.value = value ? 1 : 0;

    public static implicit operator Flag(bool value) => new(value);

    public static implicit operator bool(Flag flag) => flag.value != 0;
}
