using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A copy of an array's elements in a tensor of the array's shape.</summary>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device);

    /// <summary>A copy of an array's elements in a tensor of the array's shape.</summary>
    /// <exception cref="NotSupportedException">No element type of tensors holds the array's elements.</exception>
    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false,
        string[]? names = null)
    {
        var shape = new long[rawArray.Rank];
        for (var i = 0; i < shape.Length; i++) shape[i] = rawArray.GetLongLength(i);
        var element = rawArray.GetType().GetElementType()!;
        return element switch
        {
            _ when element == typeof(bool) => FromMemory(Elements<bool>(rawArray), ScalarType.Bool, shape, dtype, device, requires_grad, names),
            _ when element == typeof(byte) => FromMemory(Elements<byte>(rawArray), ScalarType.Byte, shape, dtype, device, requires_grad, names),
            _ when element == typeof(sbyte) => FromMemory(Elements<sbyte>(rawArray), ScalarType.Int8, shape, dtype, device, requires_grad, names),
            _ when element == typeof(short) => FromMemory(Elements<short>(rawArray), ScalarType.Int16, shape, dtype, device, requires_grad, names),
            _ when element == typeof(int) => FromMemory(Elements<int>(rawArray), ScalarType.Int32, shape, dtype, device, requires_grad, names),
            _ when element == typeof(long) => FromMemory(Elements<long>(rawArray), ScalarType.Int64, shape, dtype, device, requires_grad, names),
            _ when element == typeof(float) => FromMemory(Elements<float>(rawArray), ScalarType.Float32, shape, dtype, device, requires_grad, names),
            _ when element == typeof(double) => FromMemory(Elements<double>(rawArray), ScalarType.Float64, shape, dtype, device, requires_grad, names),
            _ => throw new NotSupportedException($"No tensor holds elements of type {element.Name}."),
        };
    }

    /// <summary>A tensor without dimensions; float64 unless given.</summary>
    public static Tensor tensor(double scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromMemory<double>([scalar], ScalarType.Float64, [], dtype, device, requires_grad, null);

    /// <summary>A tensor without dimensions; int64 unless given.</summary>
    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromMemory<long>([scalar], ScalarType.Int64, [], dtype, device, requires_grad, null);

    /// <summary>A tensor without dimensions; bool unless given.</summary>
    public static Tensor tensor(bool scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromMemory<bool>([scalar], ScalarType.Bool, [], dtype, device, requires_grad, null);

    /// <summary>A tensor without dimensions, float32.</summary>
    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false) =>
        FromMemory<float>([scalar], ScalarType.Float32, [], null, device, requires_grad, null);

    /// <summary>A tensor without dimensions, int32.</summary>
    public static Tensor tensor(int scalar, Device? device = null, bool requires_grad = false) =>
        FromMemory<int>([scalar], ScalarType.Int32, [], null, device, requires_grad, null);

    /// <summary>A tensor without dimensions, uint8.</summary>
    public static Tensor tensor(byte scalar, Device? device = null, bool requires_grad = false) =>
        FromMemory<byte>([scalar], ScalarType.Byte, [], null, device, requires_grad, null);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        FromMemory<bool>(rawArray, ScalarType.Bool, [rawArray.LongLength], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(bool[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<bool>(rawArray, ScalarType.Bool, dimensions, dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(IList<bool> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<bool>([.. rawArray], ScalarType.Bool, [rawArray.Count], dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(byte[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        FromMemory<byte>(rawArray, ScalarType.Byte, [rawArray.LongLength], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(byte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<byte>(rawArray, ScalarType.Byte, dimensions, dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(IList<byte> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<byte>([.. rawArray], ScalarType.Byte, [rawArray.Count], dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(int[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        FromMemory<int>(rawArray, ScalarType.Int32, [rawArray.LongLength], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(int[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<int>(rawArray, ScalarType.Int32, dimensions, dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(IList<int> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<int>([.. rawArray], ScalarType.Int32, [rawArray.Count], dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(long[] dataArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        FromMemory<long>(dataArray, ScalarType.Int64, [dataArray.LongLength], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<long>(dataArray, ScalarType.Int64, dimensions, dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(IList<long> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<long>([.. rawArray], ScalarType.Int64, [rawArray.Count], dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        FromMemory<float>(rawArray, ScalarType.Float32, [rawArray.LongLength], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<float>(rawArray, ScalarType.Float32, dimensions, dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(IList<float> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<float>([.. rawArray], ScalarType.Float32, [rawArray.Count], dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(double[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        FromMemory<double>(rawArray, ScalarType.Float64, [rawArray.LongLength], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<double>(rawArray, ScalarType.Float64, dimensions, dtype, device, requires_grad, names);

    /// <summary>A vector with a copy of the elements.</summary>
    public static Tensor tensor(IList<double> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        FromMemory<double>([.. rawArray], ScalarType.Float64, [rawArray.Count], dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(Memory<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<float>(rawArray.Span, ScalarType.Float32, dimensions, dtype, device, requires_grad, names);

    /// <summary>A tensor of a shape with a copy of the elements, in row-major order.</summary>
    public static Tensor tensor(Memory<double> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        FromMemory<double>(rawArray.Span, ScalarType.Float64, dimensions, dtype, device, requires_grad, names);

    private static Tensor FromMemory<T>(ReadOnlySpan<T> elements, ScalarType type, ReadOnlySpan<long> shape, ScalarType? dtype,
        Device? device, bool requires_grad, string[]? names) where T : unmanaged
    {
        var tensor = empty(shape, type, names: names);
        if (tensor.NumberOfElements != elements.Length)
        {
            tensor.Dispose();
            throw new ArgumentException($"{elements.Length} elements do not fill the shape [{string.Join(", ", shape.ToArray())}].", nameof(elements));
        }
        unsafe
        {
            elements.CopyTo(new Span<T>(tensor.Pointer<T>(), elements.Length));
        }
        if ((dtype ?? type) != type || device is { type: not DeviceType.CPU })
            tensor = tensor.to(dtype ?? type, InitializeDevice(device), disposeAfter: true);
        return Marked(tensor, requires_grad);
    }

    private static ReadOnlySpan<T> Elements<T>(Array array) where T : unmanaged =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);
}
