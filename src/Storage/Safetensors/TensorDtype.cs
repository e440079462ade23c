namespace Atelier.Storage.Safetensors;

/// <summary>Element types of stored tensors; the members have the names of the safetensors format.</summary>
public enum TensorDtype
{
    /// <summary>IEEE 754 double precision.</summary>
    F64,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>The upper half of a single.</summary>
    BF16,

    /// <summary>64-bit signed integers.</summary>
    I64,

    /// <summary>32-bit signed integers.</summary>
    I32,

    /// <summary>Bytes.</summary>
    U8,

    /// <summary>One byte each, 0 or 1.</summary>
    BOOL,
}
