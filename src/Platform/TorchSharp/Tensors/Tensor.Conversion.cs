using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>A copy on its own storage, recorded like any operation.</summary>
        public Tensor clone() => Own(atorch_clone(handle, out var result), result);

        /// <summary>Another handle on this tensor's storage.</summary>
        public Tensor alias() => Own(atorch_alias(handle, out var result), result);

        /// <summary>Itself if in row-major order without gaps, else such a copy.</summary>
        public Tensor contiguous() => Own(atorch_contiguous(handle, out var result), result);

        /// <summary>A copy in page-locked memory.</summary>
        public Tensor pin_memory() => Own(atorch_pin_memory(handle, out var result), result);

        /// <summary>Overwrites this with the source's values, broadcast and converted.</summary>
        public Tensor copy_(Tensor source, bool nonBlocking = false) => After(atorch_copy_(handle, source.handle, nonBlocking));

        /// <summary>Sets every element.</summary>
        public Tensor fill_(Scalar value) => After(atorch_fill_(handle, Number.Of(value)));

        /// <summary>Sets every element to zero.</summary>
        public Tensor zero_() => After(atorch_zero_(handle));

        /// <summary>The tensor in another element type; itself if nothing changes and no copy is asked for.</summary>
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(type, null, copy, disposeAfter, non_blocking);

        /// <summary>The tensor on another device; itself if nothing changes and no copy is asked for.</summary>
        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(null, device, copy, disposeAfter, non_blocking);

        /// <summary>The tensor on another device; itself if nothing changes and no copy is asked for.</summary>
        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(null, new Device(device), copy, disposeAfter, non_blocking);

        /// <summary>The tensor on another device; itself if nothing changes and no copy is asked for.</summary>
        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false,
            bool non_blocking = false) =>
            To(null, new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        /// <summary>The tensor in another element type and on another device.</summary>
        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(type, device, copy, disposeAfter, non_blocking);

        /// <summary>The tensor in the element type and on the device of another.</summary>
        public Tensor to(Tensor other, bool non_blocking = false) => To(other.dtype, other.device, false, false, non_blocking);

        /// <inheritdoc cref="to(ScalarType, bool, bool, bool)"/>
        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(type, null, copy, disposeAfter, non_blocking);

        /// <summary>The tensor in another element type.</summary>
        public Tensor type(ScalarType dtype) => to(dtype);

        /// <summary>The tensor in the element type of another.</summary>
        public Tensor type_as(Tensor tensor) => to(tensor.dtype);

        /// <summary>The tensor on the host.</summary>
        public Tensor cpu() => to(CPU);

        /// <summary>The tensor on a GPU, the first one unless given.</summary>
        /// <exception cref="InvalidOperationException">There is no GPU.</exception>
        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        /// <summary>The tensor as float32.</summary>
        public Tensor @float() => to(ScalarType.Float32);

        /// <summary>The tensor as float64.</summary>
        public Tensor @double() => to(ScalarType.Float64);

        /// <summary>The tensor as float16.</summary>
        public Tensor half() => to(ScalarType.Float16);

        /// <summary>The tensor as bfloat16.</summary>
        public Tensor bfloat16() => to(ScalarType.BFloat16);

        /// <summary>The tensor as int64.</summary>
        public Tensor @long() => to(ScalarType.Int64);

        /// <summary>The tensor as int32.</summary>
        public Tensor @int() => to(ScalarType.Int32);

        /// <summary>The tensor as uint8.</summary>
        public Tensor @byte() => to(ScalarType.Byte);

        /// <summary>The tensor as truth values.</summary>
        public Tensor @bool() => to(ScalarType.Bool);

        private Tensor To(ScalarType? type, Device? device, bool copy, bool disposeAfter, bool nonBlocking)
        {
            if (device is not null) InitializeDeviceType(device.type);
            var (deviceType, deviceIndex) = Place(device);
            var converted = Own(atorch_to(handle, Code(type), deviceType, deviceIndex, nonBlocking, copy, out var result), result);
            if (disposeAfter) Dispose();
            return converted;
        }
    }
}
