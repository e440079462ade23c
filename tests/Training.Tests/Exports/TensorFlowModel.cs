namespace Atelier.Training.Tests.Exports;

/// <summary>
/// A generator as the TensorFlow trainers define it: variables by their names there, and images computed from the definition in plain
/// loops of doubles, which shares nothing with the networks under test.
/// </summary>
internal sealed class TensorFlowModel
{
    private const int Latent = 6;
    private const int Style = 5;
    private const int MappingLayers = 2;

    private static readonly Dictionary<int, int> Channels = new() { [4] = 6, [8] = 4, [16] = 2 };

    private readonly Random _random = new(1);

    public TensorFlowModel()
    {
        Own = new() { ["lod"] = ([], [0]) };
        Draw(Own, "dlatent_avg", Style);
        for (int layer = 0, inputs = Latent; layer < MappingLayers; layer++, inputs = Style)
        {
            Draw(Mapping, $"Dense{layer}/weight", inputs, Style);
            Draw(Mapping, $"Dense{layer}/bias", Style);
            // Their learning rate is a hundredth, so their numbers are a hundred times as large.
            foreach (var name in (string[])["weight", "bias"])
                Mapping[$"Dense{layer}/{name}"] = (Mapping[$"Dense{layer}/{name}"].Shape, [.. Mapping[$"Dense{layer}/{name}"].Values.Select(value => 100 * value)]);
        }
        Draw(Synthesis, "4x4/Const/const", 1, Channels[4], 4, 4);
        int noise = 0;
        foreach (var (size, outputs) in Channels)
        {
            int inputs = size == 4 ? outputs : Channels[size / 2];
            foreach (var (layer, from) in size == 4 ? [("Conv", inputs)] : new[] { ("Conv0_up", inputs), ("Conv1", outputs) })
            {
                DrawLayer($"{size}x{size}/{layer}", 3, from, outputs);
                Draw(Synthesis, $"{size}x{size}/{layer}/noise_strength");
                Draw(Synthesis, $"noise{noise++}", 1, 1, size, size);
            }
            DrawLayer($"{size}x{size}/ToRGB", 1, outputs, 3);
        }
    }

    public Dictionary<string, (long[] Shape, float[] Values)> Own { get; }

    public Dictionary<string, (long[] Shape, float[] Values)> Mapping { get; } = [];

    public Dictionary<string, (long[] Shape, float[] Values)> Synthesis { get; } = [];

    public Dictionary<string, (long[] Shape, float[] Values)> Discriminator { get; } = [];

    public string Function { get; set; } = "G_main";

    public int Version { get; set; } = 4;

    /// <summary>Writes further arguments of all networks, as pairs.</summary>
    public Action<PublishedPickle> Arguments { get; set; } = _ => { };

    /// <summary>Abbreviation of the type of numbers.</summary>
    public string NumberType { get; set; } = "f4";

    public static float[] LatentOf(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Latent).Select(_ => (float)Normal(random))];
    }

    /// <summary>A file with the tuple of G, D and the average; all generators are this one.</summary>
    public byte[] ToPickle()
    {
        var pickle = PublishedPickle.Begin();
        WriteGenerator(pickle);
        WriteNetwork(pickle, "D_stylegan2", Discriminator);
        WriteGenerator(pickle);
        return pickle.Raw(0x87).End();
    }

    /// <summary>[3][16·16], of a latent, truncated.</summary>
    public double[][] Image(float[] z, double psi)
    {
        var w = Map([.. z.Select(value => (double)value)]).Zip(Own["dlatent_avg"].Values, (own, mean) => mean + (psi * (own - mean))).ToArray();
        double[][]? x = null, image = null;
        int noise = 0;
        foreach (var (size, outputs) in Channels)
        {
            if (x is null)
                x = [.. Synthesis["4x4/Const/const"].Values.Chunk(16).Select(plane => plane.Select(value => (double)value).ToArray())];
            foreach (var layer in size == 4 ? ["Conv"] : new[] { "Conv0_up", "Conv1" })
            {
                string name = $"{size}x{size}/{layer}";
                x = Convolve(layer == "Conv0_up" ? Upsample(x, margin: 1) : Pad(x), name, w, outputs, demodulate: true);
                var (drawn, strength, bias) = (Synthesis[$"noise{noise++}"].Values, Synthesis[$"{name}/noise_strength"].Values[0], Synthesis[$"{name}/bias"].Values);
                x = [.. x.Select((plane, channel) => plane.Select((value, pixel) => LeakyRelu(value + (drawn[pixel] * strength) + bias[channel])).ToArray())];
            }
            var rgb = Convolve(x, $"{size}x{size}/ToRGB", w, 3, demodulate: false);
            var below = image is null ? null : Upsample(image, margin: 0);
            image = [.. rgb.Select((plane, channel) => plane.Select((value, pixel) => value + Synthesis[$"{size}x{size}/ToRGB/bias"].Values[channel] + (below?[channel][pixel] ?? 0)).ToArray())];
        }
        return image!;
    }

    private double[] Map(double[] z)
    {
        double scale = 1 / Math.Sqrt(z.Average(value => value * value) + 1e-8);
        var x = z.Select(value => value * scale).ToArray();
        for (int layer = 0; layer < MappingLayers; layer++)
        {
            var (weight, bias) = (Mapping[$"Dense{layer}/weight"].Values, Mapping[$"Dense{layer}/bias"].Values);
            x = [.. Enumerable.Range(0, Style).Select(o => LeakyRelu(0.01 * ((x.Select((value, i) => value * weight[(i * Style) + o]).Sum() / Math.Sqrt(x.Length)) + bias[o])))];
        }
        return x;
    }

    // tf.nn.conv2d: a correlation; weights are [height, width, in, out]. The margin that it needs is around the image already.
    private double[][] Convolve(double[][] x, string layer, double[] w, int outputs, bool demodulate)
    {
        var (shape, weight) = Synthesis[$"{layer}/weight"];
        var (kernel, inputs, side) = ((int)shape[0], x.Length, (int)Math.Sqrt(x[0].Length));
        int size = side - kernel + 1;
        var (modulation, bias) = (Synthesis[$"{layer}/mod_weight"].Values, Synthesis[$"{layer}/mod_bias"].Values);
        var style = Enumerable.Range(0, inputs).Select(i => (w.Select((value, j) => value * modulation[(j * inputs) + i]).Sum() / Math.Sqrt(Style)) + bias[i] + 1).ToArray();
        double Weight(int row, int column, int i, int o) => weight[(((((row * kernel) + column) * inputs) + i) * outputs) + o] / Math.Sqrt(kernel * kernel * inputs) * style[i];
        var taps = (from row in Enumerable.Range(0, kernel) from column in Enumerable.Range(0, kernel) from i in Enumerable.Range(0, inputs) select (row, column, i)).ToList();
        return [.. Enumerable.Range(0, outputs).Select(o =>
        {
            double scale = demodulate ? 1 / Math.Sqrt(taps.Sum(tap => Math.Pow(Weight(tap.row, tap.column, tap.i, o), 2)) + 1e-8) : 1;
            return Enumerable.Range(0, size * size).Select(pixel => scale * taps.Sum(tap =>
                x[tap.i][(((pixel / size) + tap.row) * side) + (pixel % size) + tap.column] * Weight(tap.row, tap.column, tap.i, o))).ToArray();
        })];
    }

    // Zeros around the image.
    private static double[][] Pad(double[][] x)
    {
        int size = (int)Math.Sqrt(x[0].Length), side = size + 2;
        return [.. x.Select(plane => Enumerable.Range(0, side * side).Select(pixel =>
        {
            var (row, column) = ((pixel / side) - 1, (pixel % side) - 1);
            return row < 0 || column < 0 || row >= size || column >= size ? 0 : plane[(row * size) + column];
        }).ToArray())];
    }

    // upsample_2d with [1, 3, 3, 1]: each new pixel is three quarters of the nearest old one and a quarter of the next, along both axes. Zeros are
    // around the old image alone, also where a convolution follows, so that the new one goes on beyond its edges.
    private static double[][] Upsample(double[][] x, int margin)
    {
        int size = (int)Math.Sqrt(x[0].Length), side = (2 * size) + (2 * margin);
        IEnumerable<(int Index, double Share)> From(int position)
        {
            int nearest = (int)Math.Floor(position / 2.0);
            return [(nearest, .75), (nearest + (position % 2 == 0 ? -1 : 1), .25)];
        }
        return [.. x.Select(plane => Enumerable.Range(0, side * side).Select(pixel =>
            (from row in From((pixel / side) - margin)
             from column in From((pixel % side) - margin)
             where row.Index >= 0 && row.Index < size && column.Index >= 0 && column.Index < size
             select row.Share * column.Share * plane[(row.Index * size) + column.Index]).Sum()).ToArray())];
    }

    private static double LeakyRelu(double x) => Math.Sqrt(2) * (x < 0 ? .2 * x : x);

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private void DrawLayer(string name, int kernel, int inputs, int outputs)
    {
        Draw(Synthesis, $"{name}/weight", kernel, kernel, inputs, outputs);
        Draw(Synthesis, $"{name}/bias", outputs);
        Draw(Synthesis, $"{name}/mod_weight", Style, inputs);
        Draw(Synthesis, $"{name}/mod_bias", inputs);
    }

    private void Draw(Dictionary<string, (long[] Shape, float[] Values)> variables, string name, params long[] shape) =>
        variables[name] = (shape, [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (product, size) => product * size)).Select(_ => (float)Normal(_random))]);

    private void WriteGenerator(PublishedPickle pickle) => WriteNetwork(pickle, Function, Own, () =>
    {
        pickle.Text("mapping");
        WriteNetwork(pickle, "G_mapping", Mapping);
        pickle.Text("synthesis");
        WriteNetwork(pickle, "G_synthesis_stylegan2", Synthesis);
    });

    private void WriteNetwork(PublishedPickle pickle, string function, Dictionary<string, (long[] Shape, float[] Values)> variables, Action? components = null)
    {
        pickle.Global("dnnlib.tflib.network", "Network").Raw((byte)')', 0x81, (byte)'}', (byte)'(');
        pickle.Text("version").Number(Version).Text("name").Text("net").Text("static_kwargs").Raw((byte)'}', (byte)'(').Text("num_channels").Number(3);
        Arguments(pickle);
        pickle.Raw((byte)'u').Text("components").Raw((byte)'}', (byte)'(');
        components?.Invoke();
        pickle.Raw((byte)'u').Text("build_module_src").Text("import os; os.system('true')").Text("build_func_name").Text(function).Text("variables").Raw((byte)']', (byte)'(');
        foreach (var (name, (shape, values)) in variables)
            pickle.Text(name).Array(shape, values, NumberType).Raw(0x86);
        pickle.Raw((byte)'e', (byte)'u', (byte)'b');
    }
}
