using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using static TorchSharp.torch;

namespace Atelier.Worker.Runs;

/// <summary>Writes the sample grid at fixed image counts.</summary>
/// <param name="write">Keeps a grid, as PNG, under its name in <see cref="RunFileNames"/>.</param>
/// <param name="grid">What to render.</param>
/// <param name="interval">Images between two grids.</param>
public sealed class PreviewObserver(Action<string, byte[]> write, PreviewGrid grid, ImageCount interval) : ILoopObserver
{
    private ImageCount? _written;

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (moment.Crossed(interval))
            Write(moment.State);
    }

    /// <summary>Writes the grid of a state, unless it has just been written.</summary>
    public void Write(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var now = new ImageCount(state.ImageCount);
        if (_written == now)
            return;
        write(RunFileNames.Fakes(now), grid.Render(state));
        _written = now;
    }
}

/// <summary>
/// The sample grid of a run: the same latents, labels and noise at every image count, through G_ema. Tile N, row by row from 0, has
/// seed N. Where there are classes each row has one; where labels are vectors, a tile has that of the image at its place among the real ones.
/// </summary>
public sealed class PreviewGrid
{
    private const int Columns = 8;
    private const int Rows = 8;
    private const int ImagesAtOnce = 16;

    private readonly Tensor _latents;
    private readonly Tensor? _labels;
    private readonly IReadOnlyList<int>? _rowClasses;
    private readonly ImageSize _size;
    private readonly NoiseMode _noise;
    private readonly ulong _seed;

    /// <summary>Draws the grid's latents, and takes its labels from the dataset.</summary>
    public PreviewGrid(ModelConfig model, ImageDataset dataset, ulong seed, NoiseMode noise, ScalarType precision)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(dataset);
        (_seed, _noise) = (seed, noise);
        _size = new ImageSize(model.Generator.Shape.Width, model.Generator.Shape.Height);
        using var scope = NewDisposeScope();
        // So that `generate --seeds N` draws tile N again, at any size.
        var latents = Enumerable.Range(0, Columns * Rows).SelectMany(tile => PublishedSeeds.Latent((uint)tile, model.Generator.LatentSize)).ToArray();
        _latents = tensor(latents, [Columns * Rows, model.Generator.LatentSize]).to(precision).DetachFromDisposeScope();
        int labelSize = model.Generator.LabelSize;
        if (labelSize == 0)
            return;
        _rowClasses = RowClasses(dataset);
        var labels = new float[Columns * Rows * labelSize];
        foreach (var (image, cell) in Chosen(dataset, seed).Select((image, cell) => (image, cell)))
            dataset.CopyLabel(image, labels.AsSpan(cell * labelSize, labelSize));
        _labels = tensor(labels, [Columns * Rows, labelSize]).to(precision).DetachFromDisposeScope();
    }

    /// <summary>Renders the grid with the state's G_ema.</summary>
    public byte[] Render(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var views = new NetworkViews(state.Model.GeneratorLayout, state.GeneratorAverage);
        var generator = new Generator(views, state.Model.Generator) { Stage = state.Stage };
        var pixels = new float[_latents.shape[0] * _size.ImageBytes];
        for (int first = 0; first < Columns * Rows; first += ImagesAtOnce)
        {
            using var some = NewDisposeScope();
            int count = Math.Min(ImagesAtOnce, (Columns * Rows) - first);
            var styles = generator.Broadcast(generator.Map(
                _latents.narrow(0, first, count).to(state.Device), _labels?.narrow(0, first, count).to(state.Device)));
            var images = generator.Synthesize(styles, Noise(first, state)).to(ScalarType.Float32).cpu().contiguous();
            images.data<float>().CopyTo(pixels, first * _size.ImageBytes);
        }
        views.Release();
        var seeds = Enumerable.Range(0, Columns * Rows).Select(tile => (uint)tile).ToList();
        return ImageCodec.EncodePng(CaptionedGrid.OfSeeds(ImageGrid.Compose(pixels, _size, Columns, 3, -1, 1), seeds, Columns, psi: 1, _rowClasses));
    }

    private NoiseInput Noise(int first, TrajectoryState state) => _noise switch
    {
        NoiseMode.Const => NoiseInput.Constant,
        NoiseMode.None => NoiseInput.None,
        NoiseMode.Random => NoiseInput.Random((layer, shape) =>
        {
            var noise = empty(shape, state.Precision);
            var (key, counterHigh) = new DrawKey(_seed, 0, DrawPurpose.PreviewNoise, Index: first, Layer: layer).ToPhilox();
            PhiloxFill.Normal(noise, key, counterHigh);
            return noise.to(state.Device);
        }),
        var other => throw new InvalidOperationException($"unknown noise mode {other}"),
    };

    /// <summary>A grid of real images, a row per class where there are classes.</summary>
    public static byte[] Reals(ImageDataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var pixels = new byte[Columns * Rows * dataset.ImageBytes];
        foreach (var (image, cell) in Chosen(dataset, seed).Select((image, cell) => (image, cell)))
            dataset.CopyPixels(image, false, pixels.AsSpan(cell * dataset.ImageBytes, dataset.ImageBytes));
        return ImageCodec.EncodePng(CaptionedGrid.Compose(
            ImageGrid.Compose(pixels, dataset.Resolution, Columns),
            FormattableString.Invariant($"real images, drawn from {dataset.Count:#,0}"), [.. (RowClasses(dataset) ?? []).Select(of => FormattableString.Invariant($"class {of}"))]));
    }

    /// <summary>The images of the grid's cells: drawn at random, from the row's class where there are classes.</summary>
    private static IEnumerable<int> Chosen(ImageDataset dataset, ulong seed)
    {
        var classes = RowClasses(dataset);
        var images = classes is null ? null : Enumerable.Range(0, dataset.Count).ToLookup(image => dataset.ClassOf(image)!.Value);
        return Enumerable.Range(0, Columns * Rows).Select(cell =>
        {
            int Draw(int count) => (int)ScalarDraws.Below(new DrawKey(seed, 0, DrawPurpose.PreviewImages), count, (ulong)cell);
            return images is null ? Draw(dataset.Count) : images[classes![cell / Columns]].ElementAt(Draw(images[classes[cell / Columns]].Count()));
        });
    }

    /// <summary>The class of each row, spread over those that have images; null where there are none.</summary>
    private static List<int>? RowClasses(ImageDataset dataset)
    {
        if (dataset.Count == 0 || dataset.ClassOf(0) is null)
            return null;
        var classes = Enumerable.Range(0, dataset.Count).Select(image => dataset.ClassOf(image)!.Value).Distinct().Order().ToList();
        return [.. Enumerable.Range(0, Rows).Select(row => classes[row * classes.Count / Rows])];
    }
}
