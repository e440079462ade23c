namespace TorchSharp;

/// <summary>Moving modules between devices and element types, in place.</summary>
public static class ModuleExtensionMethods
{
    /// <summary>Moves the module to a device.</summary>
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module =>
        Moved(module, null, device, non_blocking);

    /// <summary>Moves the module to a device.</summary>
    public static T to<T>(this T module, string device, bool non_blocking = false) where T : torch.nn.Module =>
        Moved(module, null, new torch.Device(device), non_blocking);

    /// <summary>Converts the module's real numbers.</summary>
    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module =>
        Moved(module, type, null, non_blocking);

    /// <summary>Moves the module to a device and converts its real numbers.</summary>
    public static T to<T>(this T module, torch.Device device, torch.ScalarType type, bool non_blocking = false)
        where T : torch.nn.Module => Moved(module, type, device, non_blocking);

    /// <summary>Moves the module to the host.</summary>
    public static T cpu<T>(this T module, bool non_blocking = false) where T : torch.nn.Module =>
        Moved(module, null, torch.CPU, non_blocking);

    private static T Moved<T>(T module, torch.ScalarType? type, torch.Device? device, bool nonBlocking) where T : torch.nn.Module
    {
        if (device is not null) torch.InitializeDeviceType(device.type);
        module.Move(type, device, nonBlocking);
        return module;
    }
}
