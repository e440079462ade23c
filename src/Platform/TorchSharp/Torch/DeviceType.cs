namespace TorchSharp;

/// <summary>Kinds of device, numbered as libtorch does.</summary>
public enum DeviceType
{
    /// <summary>The host.</summary>
    CPU = 0,

    /// <summary>An NVIDIA GPU.</summary>
    CUDA = 1,

    /// <summary>Shapes and dtypes without data.</summary>
    META = 14,
}
