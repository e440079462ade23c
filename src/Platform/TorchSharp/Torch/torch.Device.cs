using System.Globalization;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Where a tensor lives: a kind of device and, for GPUs, which one.</summary>
    public class Device
    {
        /// <summary>A device from its text, such as <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
        /// <exception cref="ArgumentException">The text names no device.</exception>
        public Device(string description)
        {
            ArgumentNullException.ThrowIfNull(description);
            var colon = description.IndexOf(':', StringComparison.Ordinal);
            var kind = colon < 0 ? description : description[..colon];
            type = Parse(kind, description);
            index = Default(type);
            if (colon < 0) return;
            if (!int.TryParse(description.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                throw new ArgumentException($"'{description}' names no device: write cpu, cuda or cuda:N.", nameof(description));
            if (type == DeviceType.CUDA) index = number;
        }

        /// <summary>A device from its kind's name and its number; −1 means the only or first one.</summary>
        /// <exception cref="ArgumentException">The text names no kind of device.</exception>
        public Device(string deviceType, int index = -1) : this(Parse(deviceType, deviceType), index)
        {
        }

        /// <summary>A device from its kind and number; −1 means the only or first one.</summary>
        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = deviceType == DeviceType.CUDA && index >= 0 ? index : Default(deviceType);
        }

        /// <summary>The kind of device.</summary>
        public DeviceType type { get; }

        /// <summary>Which GPU; −1 for the host.</summary>
        public int index { get; }

        /// <summary>A device from its text.</summary>
        public static implicit operator Device(string description) => new(description);

        /// <summary>The text that makes the same device.</summary>
        public override string ToString() => type switch
        {
            DeviceType.CPU => "cpu",
            DeviceType.CUDA => string.Create(CultureInfo.InvariantCulture, $"cuda:{index}"),
            _ => "meta",
        };

        private static int Default(DeviceType type) => type == DeviceType.CUDA ? 0 : -1;

        private static DeviceType Parse(string? kind, string? description) => kind switch
        {
            "cpu" => DeviceType.CPU,
            "cuda" => DeviceType.CUDA,
            "meta" => DeviceType.META,
            _ => throw new ArgumentException($"'{description}' names no device: write cpu, cuda or cuda:N.", nameof(description)),
        };
    }

    /// <summary>The host.</summary>
    public static readonly Device CPU = new(DeviceType.CPU);

    /// <summary>The first GPU.</summary>
    public static Device CUDA { get; } = new(DeviceType.CUDA);

    /// <summary>A device from its text, such as <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    public static Device device(string description) => new(description);

    /// <summary>A device from its kind and number.</summary>
    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    /// <summary>Fails early, with a reason, when the kind of device is not there.</summary>
    /// <exception cref="InvalidOperationException">CUDA is asked for and there is none.</exception>
    public static void InitializeDeviceType(DeviceType deviceType)
    {
        if (deviceType == DeviceType.CUDA && !cuda.is_available())
            throw new InvalidOperationException($"CUDA is not available: libtorch {__version__} sees no NVIDIA GPU.");
    }

    /// <summary>The device, or the host if none is given, checked as by <see cref="InitializeDeviceType"/>.</summary>
    public static Device InitializeDevice(Device? device)
    {
        device ??= CPU;
        InitializeDeviceType(device.type);
        return device;
    }
}
