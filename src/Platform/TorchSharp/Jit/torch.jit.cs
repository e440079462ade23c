using TorchSharp.Interop;
using static TorchSharp.Interop.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>TorchScript: networks that carry their own code. Load only what is trusted: it runs.</summary>
    public static partial class jit
    {
        /// <summary>Loads a module from a file.</summary>
        public static ScriptModule load(string filename, DeviceType device_type = DeviceType.CPU, long device_index = -1) =>
            load(filename, new Device(device_type, (int)device_index));

        /// <summary>Loads a module from a file to a device.</summary>
        public static ScriptModule load(string filename, Device map_location)
        {
            if (!File.Exists(filename)) throw new FileNotFoundException($"There is no TorchScript file '{filename}'.", filename);
            InitializeDeviceType(map_location.type);
            var (type, index) = Place(map_location);
            Check(atorch_jit_load(filename, type, index, out var module));
            return new ScriptModule(new ScriptHandle(module));
        }

        /// <summary>Loads a module from a file's bytes.</summary>
        public static ScriptModule load(byte[] bytes, DeviceType device_type = DeviceType.CPU, long device_index = -1) =>
            load(bytes, new Device(device_type, (int)device_index));

        /// <summary>Loads a module from a file's bytes to a device.</summary>
        public static ScriptModule load(byte[] bytes, Device map_location)
        {
            InitializeDeviceType(map_location.type);
            var (type, index) = Place(map_location);
            Check(atorch_jit_load_bytes(bytes, bytes.Length, type, index, out var module));
            return new ScriptModule(new ScriptHandle(module));
        }
    }
}
