namespace Atelier.Storage.Safetensors;

/// <summary>Sizes of element types.</summary>
public static class TensorDtypeExtensions
{
    /// <summary>Bytes of one element.</summary>
    /// <param name="dtype">The element type.</param>
    public static int ElementBytes(this TensorDtype dtype) => dtype switch
    {
        TensorDtype.F64 or TensorDtype.I64 => 8,
        TensorDtype.F32 or TensorDtype.I32 => 4,
        TensorDtype.F16 or TensorDtype.BF16 => 2,
        TensorDtype.U8 or TensorDtype.BOOL => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "No such element type."),
    };
}
