using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// conv2d_resample as the linear steps it consists of, in the order that computes least. It and its two adjoints are bilinear
/// in image and weight.
/// <code>
/// up 1, down 1    convolution
/// down 2          blur, then the strided convolution; for 1×1 weights downsample first
/// up 2            the adjoint of the strided convolution, then blur; for 1×1 weights upsample last
/// </code>
/// </summary>
internal sealed unsafe class ResampledConvolution
{
    private readonly FirFilter? _before;
    private readonly FirFilter? _after;
    private readonly int _kernel;
    private readonly int _stride = 1;
    private readonly int _padding;
    private readonly bool _isAdjoint;
    private readonly bool _flip;

    /// <param name="kernel">1 or 3, in practice; the weight is [O, I, kernel, kernel].</param>
    /// <param name="up">1 or more; not together with <paramref name="down"/>.</param>
    /// <param name="down">1 or more.</param>
    /// <param name="padding">On all sides, relative to the upsampled image.</param>
    /// <param name="correlates">False turns the weight by 180°.</param>
    /// <param name="filter">Used where it goes up or down; null for none.</param>
    public ResampledConvolution(int kernel, int up, int down, int padding, bool correlates, ResamplingFilter? filter)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        if (up > 1 && down > 1)
            throw new ArgumentException("a layer goes up or down, not both");
        _kernel = kernel;
        filter ??= ResamplingFilter.Identity;
        var (left, right) = Padding2d.Along(padding, filter.Columns, up, down);
        var (top, bottom) = Padding2d.Along(padding, filter.Rows, up, down);
        var around = new Padding(left, right, top, bottom);
        FirFilter Resample(int upFactor, int downFactor, Padding padding) =>
            filter.Kernel(new Resampling(upFactor, upFactor, downFactor, downFactor), padding, flip: false, gain: up * up);

        if (kernel == 1 && down > 1)
        {
            _before = Resample(1, down, around);
        }
        else if (kernel == 1 && up > 1)
        {
            _after = Resample(up, 1, around);
        }
        else if (down > 1)
        {
            _before = Resample(1, 1, around);
            _stride = down;
        }
        else if (up > 1)
        {
            _isAdjoint = true;
            _stride = up;
            (left, right, top, bottom) = (left - (kernel - 1), right - (kernel - up), top - (kernel - 1), bottom - (kernel - up));
            // What the blur would crop on all sides, the convolution need not compute.
            _padding = Math.Max(-Math.Max(Math.Max(left, right), Math.Max(top, bottom)), 0);
            _after = Resample(1, 1, new Padding(left + _padding, right + _padding, top + _padding, bottom + _padding));
        }
        else
        {
            _padding = padding;
        }
        // The adjoint of a correlation is a convolution: going up, the turn is the other way round.
        _flip = correlates == _isAdjoint;
    }

    /// <summary>Applies a filter to every plane of x [N, C, H, W].</summary>
    public static Tensor Filtered(FirFilter filter, Tensor x, EpilogueTensors? epilogue)
    {
        int height = (int)x.size(2), width = (int)x.size(3);
        var y = TensorPool.Empty([x.size(0), x.size(1), filter.OutputHeight(height), filter.OutputWidth(width)]);
        var finish = epilogue?.For(y) ?? default;
        filter.Run((int)(x.size(0) * x.size(1)), height, width, OpKernels.Floats(x), OpKernels.Floats(y), epilogue is null ? null : &finish);
        GC.KeepAlive(x);
        return y;
    }

    /// <summary>The whole map.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="scale">[N, I], multiplies x; null: 1.</param>
    /// <param name="weight">[O, I, k, k]</param>
    /// <param name="epilogue">What follows on the result; null: nothing.</param>
    /// <returns>[N, O, H·up/down, W·up/down]</returns>
    public Tensor Apply(Tensor x, Tensor? scale, Tensor weight, EpilogueTensors? epilogue = null)
    {
        var image = _before is null ? x : Filtered(_before, x, epilogue: null);
        int n = (int)image.size(0), h = (int)image.size(2), w = (int)image.size(3);
        var inner = _after is null ? epilogue : null;
        Tensor y;
        if (_isAdjoint)
        {
            var (height, width) = ConvolvedSize(h, w);
            y = ImageGradient(Shape(weight, n, height, width), image, scale, weight, inner);
        }
        else
        {
            y = Convolved(Shape(weight, n, h, w), image, scale, weight, inner);
        }
        if (_before is not null)
            image.Dispose();
        return _after is null ? y : Replace(y, Filtered(_after, y, epilogue));
    }

    /// <summary>The whole map of libtorch's convolutions, with the filters' own kernels; part of the graph.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I, k, k]</param>
    /// <returns>[N, O, H·up/down, W·up/down]</returns>
    public Tensor Composed(Tensor x, Tensor weight)
    {
        var image = _before is null ? x : Upfirdn2d.Run(_before, x);
        var turned = _flip ? weight.flip(2, 3) : weight;
        var y = _isAdjoint
            ? nn.functional.conv_transpose2d(image, turned.transpose(0, 1), strides: [_stride, _stride], padding: [_padding, _padding])
            : nn.functional.conv2d(image, turned, strides: [_stride, _stride], padding: [_padding, _padding]);
        return _after is null ? y : Upfirdn2d.Run(_after, y);
    }

    /// <summary>
    /// The first half of both adjoints, which they share: from the gradient of the result to that of the convolution in the
    /// middle. Scales of the gradient commute with it, because filters treat every channel alike; the second half takes them.
    /// </summary>
    /// <param name="g">The gradient of <see cref="Apply"/>'s result.</param>
    /// <param name="height">Of x.</param>
    /// <param name="width">Of x.</param>
    public Tensor PullBack(Tensor g, int height, int width)
    {
        if (_after is null)
            return g;
        var (h, w) = ConvolvedSize(height, width);
        return Filtered(_after.Adjoint(h, w), g, epilogue: null);
    }

    /// <summary>The gradient for x from a pulled one, which <paramref name="scale"/> [N, O] multiplies.</summary>
    public Tensor InputGradient(Tensor pulled, Tensor? scale, Tensor weight, int height, int width)
    {
        int n = (int)pulled.size(0);
        if (_isAdjoint)
            return Convolved(Shape(weight, n, (int)pulled.size(2), (int)pulled.size(3)), pulled, scale, weight, epilogue: null);
        if (_before is null)
            return ImageGradient(Shape(weight, n, height, width), pulled, scale, weight, epilogue: null);
        var inner = ImageGradient(Shape(weight, n, _before.OutputHeight(height), _before.OutputWidth(width)), pulled, scale, weight, epilogue: null);
        return Replace(inner, Filtered(_before.Adjoint(height, width), inner, epilogue: null));
    }

    /// <summary>The gradient for the weight from x and a pulled gradient, each multiplied by its scale.</summary>
    /// <param name="like">Has the weight's shape.</param>
    public Tensor WeightGradient(Tensor x, Tensor? scale, Tensor pulled, Tensor? pulledScale, Tensor like)
    {
        var image = _before is null ? x : Filtered(_before, x, epilogue: null);
        var result = TensorPool.Empty(like.shape);
        int n = (int)x.size(0);
        if (_isAdjoint)
        {
            Convolution.WeightGradient(
                Shape(like, n, (int)pulled.size(2), (int)pulled.size(3)), OpKernels.Floats(pulled), OpKernels.Floats(pulledScale),
                OpKernels.Floats(image), OpKernels.Floats(scale), Order, _flip, OpKernels.Floats(result));
        }
        else
        {
            Convolution.WeightGradient(
                Shape(like, n, (int)image.size(2), (int)image.size(3)), OpKernels.Floats(image), OpKernels.Floats(scale),
                OpKernels.Floats(pulled), OpKernels.Floats(pulledScale), Order, _flip, OpKernels.Floats(result));
        }
        if (_before is not null)
            image.Dispose();
        return result;
    }

    // The convolution in the middle reads the layer's outputs and writes its inputs where the layer is its adjoint.
    private WeightOrder Order => _isAdjoint ? WeightOrder.InputsFirst : WeightOrder.OutputsFirst;

    private ConvolutionShape Shape(Tensor weight, int samples, int height, int width) => _isAdjoint
        ? new(samples, (int)weight.size(0), (int)weight.size(1), height, width, _kernel, _stride, _padding)
        : new(samples, (int)weight.size(1), (int)weight.size(0), height, width, _kernel, _stride, _padding);

    /// <summary>Size of the convolution's result for an image of the given size, before a filter that follows.</summary>
    private (int Height, int Width) ConvolvedSize(int height, int width) => _isAdjoint
        ? (((height - 1) * _stride) + _kernel - (2 * _padding), ((width - 1) * _stride) + _kernel - (2 * _padding))
        : (((height + (2 * _padding) - _kernel) / _stride) + 1, ((width + (2 * _padding) - _kernel) / _stride) + 1);

    private Tensor Convolved(ConvolutionShape shape, Tensor x, Tensor? scale, Tensor weight, EpilogueTensors? epilogue)
    {
        var y = TensorPool.Empty([shape.Samples, shape.Outputs, shape.OutputHeight, shape.OutputWidth]);
        var finish = epilogue?.For(y) ?? default;
        Convolution.Forward(shape, OpKernels.Floats(x), OpKernels.Floats(scale), OpKernels.Floats(weight), Order, _flip, OpKernels.Floats(y), epilogue is null ? null : &finish);
        return y;
    }

    private Tensor ImageGradient(ConvolutionShape shape, Tensor g, Tensor? scale, Tensor weight, EpilogueTensors? epilogue)
    {
        var x = TensorPool.Empty([shape.Samples, shape.Inputs, shape.Height, shape.Width]);
        var finish = epilogue?.For(x) ?? default;
        Convolution.InputGradient(shape, OpKernels.Floats(g), OpKernels.Floats(scale), OpKernels.Floats(weight), Order, _flip, OpKernels.Floats(x), epilogue is null ? null : &finish);
        return x;
    }

    private static Tensor Replace(Tensor old, Tensor result)
    {
        old.Dispose();
        return result;
    }
}

/// <summary>A layer's epilogue with its tensors, all contiguous float32.</summary>
/// <param name="Gain">Factor of the whole convolution.</param>
/// <param name="Scale">[N, C] or null.</param>
/// <param name="Noise">[N or 1, 1, H, W] or null.</param>
/// <param name="Strength">Factor of the noise, read once.</param>
/// <param name="Bias">[C] or null.</param>
/// <param name="Positive">Slope above 0.</param>
/// <param name="Negative">Slope at and below 0.</param>
/// <param name="Clamp">+∞ for none.</param>
internal sealed unsafe record EpilogueTensors(float Gain, Tensor? Scale, Tensor? Noise, float Strength, Tensor? Bias, float Positive, float Negative, float Clamp)
{
    /// <summary>For the rows of <paramref name="image"/>, [N, C, H, W].</summary>
    public Epilogue For(Tensor image)
    {
        long pixels = image.size(2) * image.size(3);
        return new Epilogue
        {
            Channels = (int)image.size(1),
            Pixels = pixels,
            Gain = Gain,
            Scale = OpKernels.Floats(Scale),
            Noise = OpKernels.Floats(Noise),
            NoiseStride = Noise is null || Noise.shape[0] == 1 ? 0 : pixels,
            Strength = Strength,
            Bias = OpKernels.Floats(Bias),
            Positive = Positive,
            Negative = Negative,
            Clamp = Clamp,
        };
    }
}
