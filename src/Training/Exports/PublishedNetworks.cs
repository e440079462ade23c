using System.Globalization;
using System.Text.RegularExpressions;
using Atelier.Core;
using Atelier.Storage;
using Atelier.Storage.Safetensors;
using Atelier.Training.Networks;
using Atelier.Training.Pickles;

namespace Atelier.Training.Exports;

/// <summary>What was found in a file and written.</summary>
/// <param name="Networks">Names of the networks that were written.</param>
/// <param name="Others">Networks in the file that were not.</param>
/// <param name="Config">The generator's shape.</param>
public sealed record ImportReport(IReadOnlyList<string> Networks, IReadOnlyList<string> Others, GeneratorConfig Config);

/// <summary>
/// Networks of the published trainers (stylegan2-ada-pytorch, stylegan3's StyleGAN2; stylegan2 and stylegan2-ada for TensorFlow) as
/// safetensors: pickles (<c>.pkl</c>) and state dicts (<c>.pt</c>), read as data. Nothing in them is executed, and numbers are copied
/// bit for bit, but for 1 added to TensorFlow's biases of styles.
/// </summary>
public static class PublishedNetworks
{
    private const string Average = "G_ema";
    private const int LargestFile = 2_100_000_000;
    private const int MostDepth = 64;
    private const int MostTensors = 10_000;

    private static readonly string[] Names = [Average, "G", "D"];

    /// <summary>Reads a file and writes its averaged generator, or with <paramref name="all"/> all its networks with their prefixes.</summary>
    /// <param name="path">A <c>.pkl</c> or <c>.pt</c> file.</param>
    /// <param name="output">The <c>.safetensors</c> file to write.</param>
    /// <param name="all">Write every network, to start a run from.</param>
    /// <param name="clamp">The networks' <c>conv_clamp</c> where the file does not say it; null for what the file says.</param>
    /// <exception cref="UserErrorException">The file is missing, damaged, holds what is not accepted, or other networks.</exception>
    public static ImportReport Import(string path, string output, bool all, double? clamp)
    {
        try
        {
            var networks = NetworksIn(TorchFile.Read(Bytes(path)));
            var chosen = Choose(networks);
            double? stored = chosen.ConvClamp;
            var config = Checked(chosen, clamp ?? stored, path);
            var written = all ? networks : [chosen];
            var tensors = written.SelectMany(network => network.Tensors.Select(pair => new SafetensorsTensor(
                all ? $"{network.Name}.{pair.Key}" : pair.Key, pair.Value.Storage.Dtype, pair.Value.Shape, pair.Value.WriteTo))).ToList();
            var metadata = NetworkFile.MetadataOf(config);
            AtomicFile.WriteAsync(
                output,
                (stream, _) =>
                {
                    SafetensorsWriter.Write(stream, tensors, metadata);
                    return Task.CompletedTask;
                },
                CancellationToken.None).GetAwaiter().GetResult();
            return new ImportReport([.. written.Select(network => network.Name)], [.. networks.Except(written).Select(network => network.Name)], config);
        }
        catch (InvalidDataException e)
        {
            throw new UserErrorException($"{path}: {e.Message}", e);
        }
    }

    private static ReadOnlyMemory<byte> Bytes(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= LargestFile ? File.ReadAllBytes(path) : throw new InvalidDataException($"it has {length:#,0} bytes; networks of up to {LargestFile:#,0} can be read");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserErrorException(Directory.Exists(path) ? $"{path} is a folder; name a file" : $"{path} does not exist", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UserErrorException($"{path} cannot be read: {e.Message}", e);
        }
    }

    private static PublishedNetwork Choose(IReadOnlyList<PublishedNetwork> networks) =>
        networks.FirstOrDefault(network => network.Name == Average) ?? networks.FirstOrDefault(network => network.Name == "G")
        ?? throw new InvalidDataException("it contains no generator (G_ema or G)");

    private static IReadOnlyList<PublishedNetwork> NetworksIn(object? root)
    {
        switch (root)
        {
            case TensorFlowNetwork or object?[]:
                return TensorFlowNetworks.In(root);
            case PersistentModule module:
                return [Network(module.ClassName == "Discriminator" ? "D" : Average, module)];
            case PickledDictionary dictionary when Names.Any(name => dictionary[name] is PersistentModule or PickledDictionary):
                return [.. Names.Where(name => dictionary[name] is PersistentModule or PickledDictionary).Select(name => Network(name, dictionary[name]!))];
            case PickledDictionary dictionary when dictionary.Keys.Any(key => dictionary[key] is TorchTensor):
                return [Network(Average, dictionary)];
            case PickledDictionary dictionary:
                throw new InvalidDataException($"it contains none of {string.Join(", ", Names)}; it contains {(dictionary.Keys.Count == 0 ? "nothing" : string.Join(", ", dictionary.Keys.Take(8)))}");
            default:
                throw new InvalidDataException("it contains no networks: expected a dictionary with G_ema, G and D, or a state dict");
        }
    }

    private static PublishedNetwork Network(string name, object content)
    {
        var tensors = new Dictionary<string, TorchTensor>(StringComparer.Ordinal);
        if (content is PersistentModule module)
        {
            Collect(module, "", tensors, []);
            return new PublishedNetwork(name, () => tensors, () => NetworkArguments.ConvClamp(module));
        }
        var states = (PickledDictionary)content;
        foreach (var key in states.Keys)
            tensors[key] = states[key] as TorchTensor ?? throw new InvalidDataException($"its {key} is not a tensor, as all entries of a state dict are");
        return new PublishedNetwork(name, () => tensors, () => null);
    }

    private static void Collect(PersistentModule module, string prefix, Dictionary<string, TorchTensor> tensors, Stack<PersistentModule> above)
    {
        if (above.Contains(module, ReferenceEqualityComparer.Instance))
            throw new InvalidDataException($"its module {prefix.TrimEnd('.')} contains itself");
        if (above.Count == MostDepth)
            throw new InvalidDataException($"its modules are nested more than {MostDepth} deep");
        above.Push(module);
        foreach (var kind in (string[])["_parameters", "_buffers"])
        {
            if (module.State[kind] is not PickledDictionary own)
                throw new InvalidDataException($"its module {(prefix.Length == 0 ? module.ClassName : prefix.TrimEnd('.'))} has no {kind}");
            foreach (var key in own.Keys.Where(key => own[key] is not null))
            {
                tensors[prefix + key] = own[key] as TorchTensor ?? throw new InvalidDataException($"its {prefix}{key} is not a tensor");
                if (tensors.Count > MostTensors)
                    throw new InvalidDataException($"it has more than {MostTensors:#,0} tensors, more than any such network has");
            }
        }
        if (module.State["_modules"] is PickledDictionary children)
        {
            foreach (var key in children.Keys.Where(key => children[key] is not null))
                Collect(children[key] as PersistentModule ?? throw new InvalidDataException($"its module {prefix}{key} has a type that these networks do not use"), $"{prefix}{key}.", tensors, above);
        }
        above.Pop();
    }

    /// <summary>The generator's shape, once it is sure that these tensors and no others are what such a generator has.</summary>
    private static GeneratorConfig Checked(PublishedNetwork network, double? clamp, string path)
    {
        if (network.Tensors.Keys.FirstOrDefault(name => name.StartsWith("synthesis.input.", StringComparison.Ordinal)) is { } alien)
            throw new InvalidDataException($"its {network.Name} is a StyleGAN3 generator ({alien}); only StyleGAN2 can be read");
        var shapes = network.Tensors.ToDictionary(pair => pair.Key, pair => pair.Value.Shape, StringComparer.Ordinal);
        var config = GeneratorShape.Infer(shapes, clamp, path);
        var layout = Generator.LayoutOf(config);
        foreach (var entry in layout.Entries)
        {
            if (!shapes.TryGetValue(entry.Name, out var shape))
                throw new InvalidDataException($"its {network.Name} lacks '{entry.Name}'");
            if (!shape.SequenceEqual(entry.Shape))
                throw new InvalidDataException($"its '{entry.Name}' has shape [{string.Join(", ", shape)}], but judging by the other tensors it should have [{string.Join(", ", entry.Shape)}]");
        }
        var filters = layout.FilterNames.ToHashSet(StringComparer.Ordinal);
        if (shapes.Keys.FirstOrDefault(name => !layout.Contains(name) && !filters.Contains(name)) is { } unknown)
            throw new InvalidDataException($"its {network.Name} has the tensor '{unknown}', which StyleGAN2 generators do not have");
        foreach (var name in filters.Where(shapes.ContainsKey))
            RequireBinomial(name, network.Tensors[name]);
        return config;
    }

    private static void RequireBinomial(string name, TorchTensor filter)
    {
        double[] taps = [1 / 8.0, 3 / 8.0, 3 / 8.0, 1 / 8.0];
        using var bytes = new MemoryStream();
        filter.WriteTo(bytes);
        var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.ToArray());
        bool fits = filter.Storage.Dtype == TensorDtype.F32 && filter.Shape is [4, 4];
        for (int i = 0; fits && i < values.Length; i++)
            fits = Math.Abs(values[i] - (taps[i / 4] * taps[i % 4])) < 1e-6;
        if (!fits)
            throw new InvalidDataException($"its '{name}' is not the filter [1, 3, 3, 1]; networks with other filters cannot be read");
    }
}

/// <summary>A network of a file, by the names of the published PyTorch models.</summary>
/// <param name="name">What it is in training: <c>G_ema</c>, <c>G</c> or <c>D</c>.</param>
/// <param name="tensors">Its tensors; asked for once it is chosen.</param>
/// <param name="convClamp">The bound on its convolutions, and a check of the arguments that it was built with; asked of the chosen generator.</param>
internal sealed class PublishedNetwork(string name, Func<IReadOnlyDictionary<string, TorchTensor>> tensors, Func<double?> convClamp)
{
    private readonly Lazy<IReadOnlyDictionary<string, TorchTensor>> _tensors = new(tensors);

    public string Name => name;

    public IReadOnlyDictionary<string, TorchTensor> Tensors => _tensors.Value;

    public double? ConvClamp => convClamp();
}

/// <summary>The arguments that a network was built with: what of it its weights do not show.</summary>
internal static partial class NetworkArguments
{
    /// <summary>The <c>conv_clamp</c> of a module, once its other arguments are the published ones.</summary>
    /// <exception cref="InvalidDataException">It was built with others.</exception>
    public static double? ConvClamp(PersistentModule module)
    {
        var all = new Dictionary<string, object?>(StringComparer.Ordinal);
        Gather(module.State["_init_kwargs"], all, depth: 0);
        Require(all, "activation", value => PickledText.Of(value) == "lrelu");
        Require(all, "use_noise", value => value is true);
        Require(all, "lr_multiplier", value => value is 0.01);
        Require(all, "img_channels", value => value is 3L);
        if (all.TryGetValue("conv_clamp", out var clamp))
            return Clamp(clamp);
        // Where it was not given, what the class says: the first default is that of a layer, the block's follows.
        var defaults = ClampDefault().Matches(module.Source).Select(match => match.Groups[1].Value).Where(value => value != "None").ToList();
        return defaults.Count == 0 ? null : double.Parse(defaults[0], CultureInfo.InvariantCulture);
    }

    public static double? Clamp(object? value) =>
        value switch { null => null, long whole => whole, double number => number, _ => throw new InvalidDataException("its conv_clamp is not a number") };

    /// <exception cref="InvalidDataException">The argument was given, and <paramref name="holds"/> is false of it.</exception>
    public static void Require(IReadOnlyDictionary<string, object?> all, string key, Func<object?, bool> holds)
    {
        if (all.TryGetValue(key, out var value) && !holds(value))
            throw new InvalidDataException($"it was built with {key}={Text(value)}; only networks with the published value can be read");
    }

    private static string Text(object? value) => value switch
    {
        null => "None",
        List<object?> list => $"[{string.Join(", ", list.Select(Text))}]",
        _ => PickledText.Of(value) ?? string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };

    private static void Gather(object? settings, Dictionary<string, object?> all, int depth)
    {
        if (settings is not PickledDictionary dictionary || depth > 2)
            return;
        foreach (var key in dictionary.Keys)
        {
            if (key is "synthesis_kwargs" or "mapping_kwargs")
                Gather(dictionary[key], all, depth + 1);
            else
                all[key] = dictionary[key];
        }
    }

    [GeneratedRegex(@"\bconv_clamp\s*=\s*(\d+(?:\.\d+)?|None)\s*,")]
    private static partial Regex ClampDefault();
}
