using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        // More than any tensor here has: shapes are read without a second call or an extra copy.
        private const int CommonRank = 8;

        /// <summary>The number of dimensions.</summary>
        public long ndim => Get(atorch_dim(handle, out var count), count);

        /// <inheritdoc cref="ndim"/>
        public long Dimensions => ndim;

        /// <inheritdoc cref="ndim"/>
        public long dim() => ndim;

        /// <summary>The sizes of the dimensions, outermost first.</summary>
        public long[] shape
        {
            get
            {
                Span<long> buffer = stackalloc long[CommonRank];
                Check(atorch_sizes(handle, buffer, buffer.Length, out var rank));
                if (rank <= CommonRank) return buffer[..rank].ToArray();
                var sizes = new long[rank];
                Check(atorch_sizes(handle, sizes, rank, out _));
                return sizes;
            }
        }

        /// <inheritdoc cref="shape"/>
        public long[] size() => shape;

        /// <summary>The size of one dimension; negative counts from the last.</summary>
        public long size(int dim) => Get(atorch_size(handle, dim, out var result), result);

        /// <summary>Elements between neighbours along each dimension.</summary>
        public long[] stride()
        {
            Span<long> buffer = stackalloc long[CommonRank];
            Check(atorch_strides(handle, buffer, buffer.Length, out var rank));
            if (rank <= CommonRank) return buffer[..rank].ToArray();
            var strides = new long[rank];
            Check(atorch_strides(handle, strides, rank, out _));
            return strides;
        }

        /// <summary>Elements between neighbours along one dimension.</summary>
        public long stride(int dim) => Get(atorch_stride(handle, dim, out var result), result);

        /// <summary>Where the first element is in the storage, in elements.</summary>
        public long storage_offset() => Get(atorch_storage_offset(handle, out var result), result);

        /// <summary>The number of elements.</summary>
        public long NumberOfElements => Get(atorch_numel(handle, out var count), count);

        /// <inheritdoc cref="NumberOfElements"/>
        public long numel() => NumberOfElements;

        /// <summary>Bytes per element.</summary>
        public long ElementSize => Get(atorch_element_size(handle, out var size), size);

        /// <inheritdoc cref="ElementSize"/>
        public long element_size() => ElementSize;

        /// <summary>The element type.</summary>
        public ScalarType dtype => (ScalarType)Get(atorch_dtype(handle, out var type), type);

        /// <summary>Where the tensor lives.</summary>
        public Device device
        {
            get
            {
                Check(atorch_device(handle, out var type, out var index));
                return (DeviceType)type == DeviceType.CPU ? CPU : new Device((DeviceType)type, index);
            }
        }

        /// <summary>The kind of device the tensor lives on.</summary>
        public DeviceType device_type => (DeviceType)Get(atorch_device(handle, out var type, out _), type);

        /// <summary>Which GPU the tensor lives on; −1 for the host.</summary>
        public int device_index => Get(atorch_device(handle, out _, out var index), index);

        /// <summary>Whether the tensor lives on a GPU.</summary>
        public bool is_cuda => device_type == DeviceType.CUDA;

        /// <summary>Whether the tensor lives on the host.</summary>
        public bool is_cpu() => device_type == DeviceType.CPU;

        /// <summary>Whether elements lie in row-major order without gaps.</summary>
        public bool is_contiguous() => Get(atorch_is_contiguous(handle, out var result), result);

        /// <summary>Whether the memory is page-locked, for asynchronous copies to a GPU.</summary>
        public bool is_pinned() => Get(atorch_is_pinned(handle, out var result), result);

        /// <summary>Shape, dtype and device, such as <c>[2x3], type = Float32, device = cpu</c>; no values.</summary>
        public override string ToString() =>
            IsInvalid ? "invalid tensor" : $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";

        /// <summary>Whether elements are real numbers.</summary>
        public bool is_floating_point() => torch.is_floating_point(dtype);

        /// <summary>Whether elements are integers or truth values.</summary>
        public bool is_integral() => torch.is_integral(dtype);
    }
}
