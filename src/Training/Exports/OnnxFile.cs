using System.Globalization;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Storage;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Exports;

/// <summary>
/// Generators as ONNX models, for programs without Atelier: <c>z</c> [N, latentSize], <c>c</c> [N, labelSize] where there are labels,
/// and <c>truncation</c> (1 unless given), to <c>image</c> [N, 3, H, W], nominally in [-1, 1], with constant noise.
/// </summary>
public static class OnnxFile
{
    /// <summary>Writes a generator.</summary>
    /// <exception cref="UserErrorException">It has layers that are not written.</exception>
    public static void Save(string path, LoadedGenerator network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var config = network.Network.Config;
        if (config.Normalisation != Normalisation.Demodulation || config.FirstLevel is not null)
            throw new UserErrorException($"{path}: only StyleGAN2 generators can be written as ONNX, not those with {(config.FirstLevel is null ? "instance normalisation" : "progressive growing")}; export to .safetensors");
        var graph = new GeneratorGraph(network).Build();
        AtomicFile.WriteAsync(
            path,
            (stream, _) =>
            {
                graph.WriteTo(stream);
                return Task.CompletedTask;
            },
            CancellationToken.None).GetAwaiter().GetResult();
    }
}

/// <summary>The layers of a generator as operators; constant factors are multiplied into the weights.</summary>
internal sealed class GeneratorGraph(LoadedGenerator network)
{
    private const double Slope = 0.2;
    private const double Epsilon = 1e-8;
    private const double MappingRate = 0.01;

    private readonly OnnxGraph _graph = new();
    private readonly GeneratorConfig _config = network.Network.Config;
    private readonly double _root = Math.Sqrt(2);

    public OnnxGraph Build()
    {
        string w = Mapping();
        string? x = null, image = null;
        var shape = _config.Shape;
        for (int level = 0; level <= shape.Doublings; level++)
        {
            string block = $"synthesis.b{shape.Resolution(level).ToString(CultureInfo.InvariantCulture)}";
            bool isResidual = _config.Architecture == NetworkArchitecture.Resnet && level > 0;
            if (x is null)
            {
                var constant = Of($"{block}.const");
                x = Layer(_graph.Constant([1, .. constant.Shape], constant.Values), w, $"{block}.conv1", up: false, 1);
            }
            else
            {
                string? side = isResidual ? Upsample(_graph.Node("Conv", [x, Scaled($"{block}.skip.weight", Math.Sqrt(0.5) / Math.Sqrt(Of($"{block}.skip.weight").Shape[1]))]), Of($"{block}.skip.weight").Shape[0]) : null;
                x = Layer(Layer(x, w, $"{block}.conv0", up: true, 1), w, $"{block}.conv1", up: false, isResidual ? Math.Sqrt(0.5) : 1);
                if (side is not null)
                    x = _graph.Node("Add", [x, side]);
            }
            if (image is not null)
                image = Upsample(image, 3);
            if (network.Layout.Contains($"{block}.torgb.weight"))
            {
                string rgb = ToRgb(x, w, $"{block}.torgb");
                image = image is null ? rgb : _graph.Node("Add", [image, rgb]);
            }
        }
        _graph.Output(image!, "image", null, 3, shape.Height, shape.Width);
        return _graph;
    }

    private string Mapping()
    {
        string x = Normalized(_graph.Input("z", null, _config.LatentSize));
        if (_config.LabelSize > 0)
            x = _graph.Node("Concat", [x, Normalized(Connected(_graph.Input("c", null, _config.LabelSize), "mapping.embed", 1))], ("axis", 1));
        for (int layer = 0; layer < _config.MappingLayers; layer++)
            x = Activated(Connected(x, $"mapping.fc{layer.ToString(CultureInfo.InvariantCulture)}", MappingRate), _root);
        string mean = _graph.Constant([1, _config.StyleSize], Of("mapping.w_avg").Values), psi = _graph.OptionalInput("truncation", 1);
        return _graph.Node("Add", [mean, _graph.Node("Mul", [psi, _graph.Node("Sub", [x, mean])])]);
    }

    /// <summary>x / √(mean x² + ε)</summary>
    private string Normalized(string x)
    {
        string mean = _graph.Node("ReduceMean", [_graph.Node("Mul", [x, x])], ("axes", new long[] { 1 }), ("keepdims", 1));
        return _graph.Node("Div", [x, _graph.Node("Sqrt", [_graph.Node("Add", [mean, _graph.Number(Epsilon)])])]);
    }

    private string Connected(string x, string name, double rate)
    {
        var weight = Of($"{name}.weight");
        return _graph.Node("Gemm", [x, Scaled($"{name}.weight", rate / Math.Sqrt(weight.Shape[1])), Scaled($"{name}.bias", rate)], ("transB", 1));
    }

    private string Activated(string x, double gain) => _graph.Node("Mul", [_graph.Node("LeakyRelu", [x], ("alpha", Slope)), _graph.Number(gain)]);

    /// <summary>A modulated convolution with demodulation, noise, bias and activation.</summary>
    private string Layer(string x, string w, string name, bool up, double gain)
    {
        var weight = Of($"{name}.weight");
        var (outputs, inputs) = (weight.Shape[0], weight.Shape[1]);
        string style = Connected(w, $"{name}.affine", 1);
        x = _graph.Node("Mul", [x, PerChannel(style)]);
        if (up)
            x = Filtered(_graph.Node("ConvTranspose", [x, _graph.Constant([inputs, outputs, 3, 3], Transposed(weight))], ("strides", new long[] { 2, 2 })), outputs);
        else
            x = _graph.Node("Conv", [x, Scaled($"{name}.weight", 1)], ("pads", new long[] { 1, 1, 1, 1 }));
        string power = _graph.Node("MatMul", [_graph.Node("Mul", [style, style]), _graph.Constant([inputs, outputs], Powers(weight))]);
        string scale = _graph.Node("Reciprocal", [_graph.Node("Sqrt", [_graph.Node("Add", [power, _graph.Number(Epsilon)])])]);
        x = _graph.Node("Mul", [x, PerChannel(scale)]);
        var noise = Of($"{name}.noise_const");
        float strength = Of($"{name}.noise_strength").Values[0];
        x = _graph.Node("Add", [x, _graph.Constant([1, 1, .. noise.Shape], [.. noise.Values.Select(value => value * strength)])]);
        return Clamped(Activated(_graph.Node("Add", [x, _graph.Constant([1, outputs, 1, 1], Of($"{name}.bias").Values)]), _root * gain), gain);
    }

    private string ToRgb(string x, string w, string name)
    {
        var weight = Of($"{name}.weight");
        x = _graph.Node("Mul", [x, PerChannel(Connected(w, $"{name}.affine", 1))]);
        x = _graph.Node("Conv", [x, Scaled($"{name}.weight", 1 / Math.Sqrt(weight.Shape[1]))]);
        return Clamped(_graph.Node("Add", [x, _graph.Constant([1, 3, 1, 1], Of($"{name}.bias").Values)]), 1);
    }

    private string Clamped(string x, double gain) =>
        _config.ConvClamp is { } clamp ? _graph.Node("Clip", [x, _graph.Number(-clamp * gain), _graph.Number(clamp * gain)]) : x;

    private string PerChannel(string rows) => _graph.Node("Unsqueeze", [rows, _graph.Integers(2, 3)]);

    /// <summary>The filter after a transposed convolution, [N, C, 2H+1, 2W+1] to [N, C, 2H, 2W].</summary>
    private string Filtered(string x, long channels) =>
        _graph.Node("Conv", [x, Filter(channels)], ("group", (int)channels), ("pads", new long[] { 1, 1, 1, 1 }));

    /// <summary>Twice the size, [N, C, H, W] to [N, C, 2H, 2W].</summary>
    private string Upsample(string x, long channels) =>
        _graph.Node("ConvTranspose", [x, Filter(channels)], ("group", (int)channels), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }));

    // [C, 1, 4, 4]: [1, 3, 3, 1] both ways, four times as strong because three of four pixels are zeros.
    private string Filter(long channels)
    {
        float[] taps = [1 / 4f, 3 / 4f, 3 / 4f, 1 / 4f];
        return _graph.Constant([channels, 1, 4, 4], [.. from c in Enumerable.Range(0, (int)channels) from row in taps from column in taps select row * column]);
    }

    private string Scaled(string name, double factor)
    {
        var (shape, values) = Of(name);
        return _graph.Constant(shape, factor == 1 ? values : [.. values.Select(value => (float)(value * factor))]);
    }

    // [O, I, 3, 3] to [I, O, 3, 3].
    private static float[] Transposed((long[] Shape, float[] Values) weight)
    {
        int outputs = (int)weight.Shape[0], inputs = (int)weight.Shape[1], taps = 9;
        var turned = new float[weight.Values.Length];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
                weight.Values.AsSpan(((o * inputs) + i) * taps, taps).CopyTo(turned.AsSpan(((i * outputs) + o) * taps));
        }
        return turned;
    }

    // Σ w² over taps, [I, O].
    private static float[] Powers((long[] Shape, float[] Values) weight)
    {
        int outputs = (int)weight.Shape[0], inputs = (int)weight.Shape[1], taps = 9;
        var powers = new float[inputs * outputs];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                double sum = 0;
                foreach (float value in weight.Values.AsSpan(((o * inputs) + i) * taps, taps))
                    sum += (double)value * value;
                powers[(i * outputs) + o] = (float)sum;
            }
        }
        return powers;
    }

    private (long[] Shape, float[] Values) Of(string name)
    {
        if (!network.Layout.Contains(name))
            throw new UserErrorException($"this generator has no '{name}': only StyleGAN2 generators can be written as ONNX; export to .safetensors");
        var entry = network.Layout[name];
        using var scope = NewDisposeScope();
        return (entry.Shape, network.Values.narrow(0, entry.Offset, entry.Count).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray());
    }
}
