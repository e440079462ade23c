using Atelier.Core;
using Atelier.Training.Imaging;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>What synthesis layers add as noise, as people name it.</summary>
public enum PictureNoise
{
    /// <summary>The network's own noise maps.</summary>
    Const,

    /// <summary>Fresh noise, a function of the picture's seed.</summary>
    Random,

    /// <summary>None.</summary>
    None,
}

/// <summary>Pictures of a generator; each a function of its seed, whatever it is drawn together with (up to rounding).</summary>
/// <param name="generator">The network; not owned.</param>
public sealed class NetworkPictures(Generator generator)
{
    /// <summary>Pictures computed in one call.</summary>
    public const int AtOnce = 8;

    private readonly Device _device = generator.MeanStyle.device;

    /// <summary>Width and height of a picture.</summary>
    public ImageSize Size => new(generator.Config.Shape.Width, generator.Config.Shape.Height);

    /// <summary>A label vector for each of <paramref name="count"/> pictures of a class, or null for an unconditional network.</summary>
    /// <exception cref="UserErrorException">The network needs a class and none is given, has no such class, or has none at all.</exception>
    public static Tensor? Labels(GeneratorConfig config, int? label, int count, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.LabelSize == 0)
            return label is null ? null : throw new UserErrorException("this network has no classes: leave out --class");
        if (label is not { } known)
            throw new UserErrorException($"this network needs a class: pass --class with a number from 0 to {config.LabelSize - 1}");
        if (known < 0 || known >= config.LabelSize)
            throw new UserErrorException($"this network has no class {known}: pass --class with a number from 0 to {config.LabelSize - 1}");
        var labels = zeros([count, config.LabelSize], ScalarType.Float32, device);
        labels.narrow(1, known, 1).fill_(Interop.TensorArithmetic.Number(1));
        return labels;
    }

    /// <summary>The latents that the published scripts draw for seeds, [N, latentSize].</summary>
    public Tensor Latents(IReadOnlyList<uint> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        int size = generator.Config.LatentSize;
        return tensor(seeds.SelectMany(seed => PublishedSeeds.Latent(seed, size)).Select(value => (float)value).ToArray(), [seeds.Count, size]).to(_device);
    }

    /// <summary>Styles of latents, [N, StyleCount, styleSize].</summary>
    /// <param name="latents">[N, latentSize]</param>
    /// <param name="label">The class; null for an unconditional network.</param>
    /// <param name="psi">Truncation.</param>
    /// <param name="cutoff">Truncate only so many styles.</param>
    public Tensor Styles(Tensor latents, int? label, double psi = 1, int? cutoff = null)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using var _ = no_grad();
        return generator.Truncate(generator.Broadcast(generator.Map(latents, Labels(generator.Config, label, (int)latents.shape[0], _device))), psi, cutoff);
    }

    /// <summary>Pictures of styles, a few at a time.</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="noise">What is added.</param>
    /// <param name="seeds">Whose noise, where it is random; [N].</param>
    public IEnumerable<RgbImage> Draw(Tensor styles, PictureNoise noise = PictureNoise.Const, IReadOnlyList<uint>? seeds = null)
    {
        ArgumentNullException.ThrowIfNull(styles);
        for (int first = 0; first < styles.shape[0]; first += AtOnce)
        {
            int count = (int)Math.Min(AtOnce, styles.shape[0] - first);
            IReadOnlyList<RgbImage> pictures;
            using (NewDisposeScope())
            using (no_grad())
                pictures = ToPictures(generator.Synthesize(styles.narrow(0, first, count), Noise(noise, [.. Enumerable.Range(first, count).Select(i => seeds is null ? 0 : seeds[i])])));
            foreach (var picture in pictures)
                yield return picture;
        }
    }

    /// <summary>
    /// Style mixing (Karras et al. 2019, §3.1): a table whose first row and column are the sources, and whose other cells have a
    /// row's picture with some of a column's styles.
    /// </summary>
    /// <param name="rows">Seeds of the rows.</param>
    /// <param name="columns">Seeds of the columns.</param>
    /// <param name="taken">Which styles come from the column, from 0.</param>
    /// <param name="label">The class; null for an unconditional network.</param>
    /// <param name="psi">Truncation of all.</param>
    /// <exception cref="UserErrorException">A style is none that the network has.</exception>
    public RgbImage Mix(IReadOnlyList<uint> rows, IReadOnlyList<uint> columns, IReadOnlyList<int> taken, int? label, double psi)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(taken);
        int styles = generator.Config.StyleCount;
        if (taken.Any(style => style < 0 || style >= styles))
            throw new UserErrorException($"style {taken.First(style => style < 0 || style >= styles)} does not exist: this network has styles 0 to {styles - 1}, from coarse to fine");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (ofRows, ofColumns) = (Styles(Latents(rows), label, psi), Styles(Latents(columns), label, psi));
        var cells = new List<RgbImage> { RgbImage.Filled(Size.Width, Size.Height, RgbColor.White) };
        cells.AddRange(Draw(ofColumns));
        for (int row = 0; row < rows.Count; row++)
        {
            var mixed = ofRows.narrow(0, row, 1).repeat(columns.Count + 1, 1, 1); // the source, then a cell per column
            foreach (int style in taken)
                mixed.narrow(0, 1, columns.Count).select(1, style).copy_(ofColumns.select(1, style));
            cells.AddRange(Draw(mixed));
        }
        return ImageGrid.Compose(cells, columns.Count + 1);
    }

    /// <summary>A table of truncations: a row a seed, a column a ψ.</summary>
    public RgbImage Truncations(IReadOnlyList<uint> seeds, IReadOnlyList<double> psis, int? cutoff, int? label, PictureNoise noise)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(psis);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var styles = stack([.. psis.Select(psi => Styles(Latents(seeds), label, psi, cutoff))], 1).flatten(0, 1); // [N·P,S,W]
        return ImageGrid.Compose([.. Draw(styles, noise, [.. seeds.SelectMany(seed => Enumerable.Repeat(seed, psis.Count))])], psis.Count);
    }

    /// <summary>Pictures of a network's output.</summary>
    /// <param name="images">[N, 3, H, W], nominally in [-1, 1].</param>
    public static IReadOnlyList<RgbImage> ToPictures(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        using var values = images.detach().to(ScalarType.Float32).cpu().contiguous();
        var size = new ImageSize((int)images.shape[3], (int)images.shape[2]);
        var all = values.data<float>().ToArray();
        return [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => ImageGrid.Compose(all.AsSpan(i * size.ImageBytes, size.ImageBytes), size, 1, 3, -1, 1))];
    }

    /// <summary>Noise of which each picture's follows its own seed, whatever it is drawn together with.</summary>
    /// <param name="seeds">Of the pictures, [N].</param>
    /// <param name="device">Where it is.</param>
    /// <param name="draw">Which of the seeds' noises.</param>
    internal static NoiseInput RandomNoise(IReadOnlyList<uint> seeds, Device device, int draw = 0) => NoiseInput.Random((layer, shape) =>
    {
        var drawn = empty(shape, ScalarType.Float32);
        for (int i = 0; i < seeds.Count; i++)
            PhiloxFill.Normal(drawn.narrow(0, i, 1), seeds[i], ((ulong)draw << 32) | (uint)layer);
        return drawn.to(device);
    });

    private NoiseInput Noise(PictureNoise noise, uint[] seeds) => noise switch
    {
        PictureNoise.Const => NoiseInput.Constant,
        PictureNoise.None => NoiseInput.None,
        _ => RandomNoise(seeds, _device),
    };
}
