using System.Globalization;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Networks;

namespace Atelier.Training.Exports;

/// <summary>
/// Reads a generator's shape off the names and shapes of its tensors, so that weights need no description beside them:
/// published ones load as they are.
/// </summary>
internal static class GeneratorShape
{
    /// <param name="shapes">Shapes by state-dict name, without prefix.</param>
    /// <param name="convClamp">Not visible in the weights.</param>
    /// <param name="source">Where the weights come from, for messages.</param>
    /// <exception cref="UserErrorException">The names are not those of a StyleGAN2 generator.</exception>
    public static GeneratorConfig Infer(IReadOnlyDictionary<string, long[]> shapes, double? convClamp, string source)
    {
        long[] Shape(string name) => shapes.TryGetValue(name, out var shape)
            ? shape
            : throw new UserErrorException($"{source}: this is not a StyleGAN2 generator: it has no tensor '{name}'");

        int style = (int)Shape(Generator.MeanStyleName)[0];
        int labels = shapes.TryGetValue("mapping.embed.weight", out var embed) ? (int)embed[1] : 0;
        int latent = (int)Shape("mapping.fc0.weight")[1] - (labels > 0 ? style : 0);
        int layers = Enumerable.Range(0, 64).TakeWhile(i => shapes.ContainsKey($"mapping.fc{i}.weight")).Count();
        var resolutions = Resolutions(shapes);
        if (resolutions.Length == 0)
            throw new UserErrorException($"{source}: this is not a StyleGAN2 generator: it has no synthesis blocks");
        int top = resolutions[^1];
        var size = Shape($"synthesis.b{top}.conv1.noise_const");
        int ChannelsAt(int resolution) => (int)Shape($"synthesis.b{resolution}.conv1.weight")[0];
        int channelMax = resolutions.Max(ChannelsAt);
        // Where every block has the most channels, any base that large says the same.
        int channelBase = resolutions.Max(resolution => ChannelsAt(resolution) * resolution);
        var architecture = shapes.Keys.Any(name => name.EndsWith(".skip.weight", StringComparison.Ordinal)) ? NetworkArchitecture.Resnet
            : shapes.ContainsKey($"synthesis.b{resolutions[0]}.torgb.weight") && resolutions.Length > 1 ? NetworkArchitecture.Skip
            : resolutions.Length == 1 ? NetworkArchitecture.Skip
            : NetworkArchitecture.Orig;
        return new GeneratorConfig(new ImageShape((int)size[1], (int)size[0]), latent, style, labels, channelBase, channelMax, layers, architecture, convClamp);
    }

    private static int[] Resolutions(IReadOnlyDictionary<string, long[]> shapes) =>
        [.. shapes.Keys
            .Where(name => name.StartsWith("synthesis.b", StringComparison.Ordinal) && name.EndsWith(".conv1.weight", StringComparison.Ordinal))
            .Select(name => int.Parse(name["synthesis.b".Length..^".conv1.weight".Length], CultureInfo.InvariantCulture))
            .Order()];
}
