using TorchSharp.Interop;
using TorchSharp.Utils;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The value of a one-element tensor, converted to the kind of number its dtype holds.</summary>
        public Scalar ToScalar() => new(Get(atorch_item(handle, out Number number), number));

        /// <summary>The value of a one-element tensor whose dtype is <typeparamref name="T"/>'s.</summary>
        /// <exception cref="ArgumentException">There is not exactly one element, or its type is another.</exception>
        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1)
                throw new ArgumentException($"item() reads tensors of one element, not of {NumberOfElements}.");
            return data<T>()[0];
        }

        /// <summary>The elements as <typeparamref name="T"/>, in logical order; of a copy if the tensor is on a GPU.</summary>
        /// <exception cref="ArgumentException">The dtype is not <typeparamref name="T"/>'s.</exception>
        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            RequireElements(typeof(T));
            return new TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        /// <summary>The memory of a contiguous tensor on the host: valid only while the tensor is.</summary>
        /// <exception cref="InvalidOperationException">The tensor is not contiguous, or on a GPU.</exception>
        /// <exception cref="ArgumentException">More than <see cref="int.MaxValue"/> bytes, or a value of another length.</exception>
        public Span<byte> bytes
        {
            get
            {
                var count = NumberOfElements * ElementSize;
                if (count > int.MaxValue) throw new ArgumentException($"A span holds at most {int.MaxValue} bytes, not {count}.");
                return Memory((int)count);
            }
            set
            {
                var count = NumberOfElements * ElementSize;
                if (count != value.Length)
                    throw new ArgumentException($"The tensor holds {count} bytes, the value {value.Length}.", nameof(value));
                value.CopyTo(Memory(value.Length));
            }
        }

        /// <summary>Writes the memory of a contiguous host tensor, however large.</summary>
        /// <exception cref="InvalidOperationException">The tensor is not contiguous, or on a GPU.</exception>
        public void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            foreach (var (offset, length) in Pieces()) stream.Write(Piece(offset, length));
        }

        /// <summary>Fills the memory of a contiguous host tensor, however large.</summary>
        /// <exception cref="InvalidOperationException">The tensor is not contiguous, or on a GPU.</exception>
        /// <exception cref="EndOfStreamException">The stream ends early.</exception>
        public void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            foreach (var (offset, length) in Pieces()) stream.ReadExactly(Piece(offset, length));
        }

        internal unsafe T* Pointer<T>() where T : unmanaged => (T*)Get(atorch_data(handle, out var pointer), pointer);

        // Spans address ints; a large tensor goes through in pieces. Memory is read in place, so the buffer size has no use.
        private IEnumerable<(long Offset, int Length)> Pieces()
        {
            const int largest = 1 << 30;
            var total = NumberOfElements * ElementSize;
            for (long offset = 0; offset < total; offset += largest)
                yield return (offset, (int)Math.Min(largest, total - offset));
        }

        private unsafe Span<byte> Piece(long offset, int length)
        {
            RequireMemory();
            return new Span<byte>(Pointer<byte>() + offset, length);
        }

        private Span<byte> Memory(int count) => Piece(0, count);

        private void RequireMemory()
        {
            if (!is_contiguous()) throw new InvalidOperationException("The bytes of a non-contiguous tensor are no array.");
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException("Bytes of a tensor on a GPU cannot be read; move it to the host first.");
        }

        private void RequireElements(Type type)
        {
            var expected = dtype switch
            {
                ScalarType.Byte => typeof(byte),
                ScalarType.Int8 => typeof(sbyte),
                ScalarType.Int16 => typeof(short),
                ScalarType.Int32 => typeof(int),
                ScalarType.Int64 => typeof(long),
                ScalarType.Bool => typeof(bool),
                ScalarType.Float16 => typeof(Half),
                ScalarType.Float32 => typeof(float),
                ScalarType.Float64 => typeof(double),
                _ => null,
            };
            if (type != expected) throw new ArgumentException($"{type.Name} is not compatible with {dtype}");
        }
    }
}
