namespace TorchSharp;

public static partial class torch
{
    /// <summary>A dtype as the C ABI takes it; −1 where none is given.</summary>
    internal static int Code(ScalarType? type) => type is { } given ? (int)given : -1;

    /// <summary>A device as the C ABI takes it; −1 where none is given.</summary>
    internal static (int Type, int Index) Place(Device? device) => device is null ? (-1, -1) : ((int)device.type, device.index);
}
