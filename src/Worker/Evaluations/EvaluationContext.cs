using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Metrics;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Snapshots;
using Atelier.Worker.Runs;
using Atelier.Worker.Session;
using static TorchSharp.torch;

namespace Atelier.Worker.Evaluations;

/// <summary>What the parts of a run's evaluations have in common: its images and detectors, and the generator of one snapshot.</summary>
internal sealed class EvaluationContext : IDisposable
{
    /// <summary>Images are read once an evaluation; what training keeps of them is enough.</summary>
    private const long CacheBytes = 64 << 20;

    private readonly Evaluate _order;
    private readonly StoreLocation _location;
    private readonly IBlobStore _blobs;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;
    private readonly Device _device;
    private readonly ImageDataset _dataset;
    private string _snapshot = "";
    private LoadedGenerator? _generator;
    private StoredRows? _rows;

    /// <param name="order">The first order about the run.</param>
    /// <param name="warn">Told of what could not be kept.</param>
    /// <exception cref="UserErrorException">The run's data cannot be used here.</exception>
    public EvaluationContext(Evaluate order, WorkerOptions options, Action<string> warn, TimeProvider time)
    {
        (_order, _warn, _time, _device) = (order, warn, time, options.Device.ToTorch());
        _location = StoreLocation.Parse(order.RunStore);
        _blobs = _location.Open();
        var spec = RunSpecJson.Read(order.SpecJson, $"the spec of {order.Run}");
        _dataset = ImageDataset.Open(options.OpenData(order.DataPath), RunPreparation.OptionsOf(spec) with { CacheBytes = CacheBytes });
        Metrics = new MetricEvaluation(
            _dataset,
            new EvaluationOptions
            {
                Device = _device,
                Detectors = new DetectorFiles([]),
                Cache = new RealStatisticsCache(RealStatisticsCache.DefaultFolder, warn, _blobs),
                Lanes = options.Lanes,
                Seed = spec.Seed,
                Mirror = spec.Mirror,
            },
            time);
    }

    /// <summary>Computes metrics of the run.</summary>
    public MetricEvaluation Metrics { get; }

    /// <summary>Whether an order is about the run as it is.</summary>
    public bool Fit(Evaluate order) => (order.Run, order.SpecJson, order.DataPath, order.RunStore) == (_order.Run, _order.SpecJson, _order.DataPath, _order.RunStore);

    /// <summary>The samples that an order is about.</summary>
    public ISampleSource Source(Evaluate order)
    {
        var metric = MetricCatalog.Find(order.Metric);
        return order.Side == EvaluationSide.Real ? Metrics.RealSamples(metric) : Metrics.GeneratedSamples(metric, Generator(order).Network);
    }

    /// <summary>What was computed of the order's snapshot.</summary>
    public StoredRows Rows(Evaluate order)
    {
        SwitchTo(order);
        return _rows ??= new StoredRows(_blobs, EvaluationFolder.Of(NameOf(order)));
    }

    /// <summary>Computes the value from what is there.</summary>
    /// <returns>The line of <c>metric-NAME.jsonl</c>, and what a reader should know.</returns>
    public (string Line, IReadOnlyList<string> Notes) Conclude(Evaluate order, CancellationToken cancellation)
    {
        var name = NameOf(order);
        var report = Metrics.Run(MetricCatalog.Find(order.Metric), Generator(order).Network, progress: null, cancellation, Rows(order));
        var now = _time.GetUtcNow();
        var line = (report with { Took = now - DateTimeOffset.FromUnixTimeMilliseconds(order.RequestedUnixMs) }).ToJson(SnapshotStore.FolderOf(name), now);
        line["kimg"] = name.At.Kimg;
        if (_location is StoreLocation.Folder folder)
            Draw(new RunFolder(folder.Path), new MeasuredValue(order.Metric, name.At.Kimg, report.Values[0]));
        return (line.ToJsonString(), report.Notes);
    }

    /// <summary>Whoever trains draws the curves at snapshots; the values of the last one come when nobody trains any more.</summary>
    private void Draw(RunFolder folder, MeasuredValue measured)
    {
        try
        {
            RunPictures.DrawCurves(folder, new RunFiles(new Warnings(_warn)), measured);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or InvalidOperationException or UserErrorException)
        {
            // What is drawn is read from the folder, which others write too; a picture is not worth a value.
            _warn($"could not draw curves.png: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _generator?.Dispose();
        _rows?.Dispose();
        Metrics.Dispose();
        _dataset.Dispose();
    }

    private static SnapshotName NameOf(Evaluate order) =>
        SnapshotName.TryParse(order.Snapshot) ?? throw new UserErrorException($"`{order.Snapshot}` is not a snapshot name");

    private void SwitchTo(Evaluate order)
    {
        if (_snapshot == order.Snapshot)
            return;
        _generator?.Dispose();
        _rows?.Dispose();
        (_snapshot, _generator, _rows) = (order.Snapshot, null, null);
    }

    private LoadedGenerator Generator(Evaluate order)
    {
        SwitchTo(order);
        return _generator ??= Load(NameOf(order));
    }

    private LoadedGenerator Load(SnapshotName name)
    {
        try
        {
            using var snapshot = new SnapshotStore(_blobs, _time).OpenAsync(name, CancellationToken.None).GetAwaiter().GetResult();
            using var state = StateSections.Restore(snapshot);
            return NetworkFile.Use(state, _device);
        }
        catch (SnapshotDamagedException e)
        {
            throw new UserErrorException($"cannot read snapshot {name}: {e.Message}", e);
        }
    }
}

/// <summary>Passes on what cannot be written.</summary>
/// <param name="warn">Told of it.</param>
internal sealed class Warnings(Action<string> warn) : IRunDisplay
{
    public void Say(string line) => warn(line);

    public void Progress(RunProgress progress)
    {
        // Nothing is in progress here.
    }

    public void Tick(TickLine tick)
    {
        // Nor are there ticks.
    }
}

/// <summary>The samples of a part, some at a time.</summary>
/// <param name="source">Whose samples.</param>
/// <param name="part">Which ones.</param>
internal sealed class PartComputation(ISampleSource source, SampleRange part) : IDisposable
{
    private readonly IReadOnlyList<SampleRange> _pieces = [.. part.Pieces(source.AtOnce)];
    private readonly List<Tensor> _rows = [];

    public int SamplesDone { get; private set; }

    /// <summary>Whether nothing is left to compute.</summary>
    public bool IsDone => _rows.Count == _pieces.Count;

    /// <summary>Computes the next pieces.</summary>
    /// <param name="most">So many at most.</param>
    /// <param name="lanes">So many at once.</param>
    /// <param name="taken">Told after each.</param>
    /// <param name="cancellation">Checked before each.</param>
    public void Compute(int most, int lanes, Action taken, CancellationToken cancellation) => RangeLanes.Run(
        [.. _pieces.Skip(_rows.Count).Take(most)], lanes,
        piece => source.Compute(piece).DetachFromDisposeScope(),
        (piece, rows) =>
        {
            _rows.Add(rows);
            SamplesDone += piece.Count;
            taken();
        },
        cancellation);

    /// <summary>Keeps what was computed.</summary>
    /// <param name="store">Where.</param>
    public void Keep(StoredRows store)
    {
        using var scope = NewDisposeScope();
        store.Put(source, part, cat([.. _rows], 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var rows in _rows)
            rows.Dispose();
    }
}
