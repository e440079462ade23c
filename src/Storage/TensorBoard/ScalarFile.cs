using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Atelier.Core;
using Atelier.Protos.TensorBoard;
using Google.Protobuf;

namespace Atelier.Storage.TensorBoard;

/// <summary>
/// An event file of TensorBoard with a run's scalars: those of ticks by their names in <c>stats.jsonl</c>, metrics as <c>Metrics/NAME</c>. A step
/// is the images shown. TensorBoard reads the files of a folder one after the other, by name: every process that writes has one of its own.
/// Where a run has gone back, it is told to forget what came later. Not safe for several threads at once.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="time">The clock.</param>
public sealed class ScalarFile(string folder, TimeProvider time)
{
    /// <summary>How the names of event files begin.</summary>
    public const string Prefix = "events.out.tfevents.";

    private const string FileVersion = "brain.Event:2";

    private string? _path;
    private long? _lastStep;

    /// <summary>The file's name, which begins with the time, so that later ones come after it; another process of the same moment has another one.</summary>
    public static string NameAt(DateTimeOffset now, int process) => string.Create(
        CultureInfo.InvariantCulture, $"{Prefix}{now.ToUnixTimeSeconds():D10}.{now.Millisecond:D3}.{process}.atelier");

    /// <summary>Adds the scalars of a tick, as a line of <c>stats.jsonl</c>.</summary>
    /// <exception cref="IOException">They cannot be written; the file is as it was before.</exception>
    /// <exception cref="JsonException">It is no such line.</exception>
    public void AddTick(string line)
    {
        using var json = JsonDocument.Parse(line);
        var step = StepOf(json.RootElement.GetProperty("Progress/kimg").GetProperty("mean").GetDouble());
        var scalars = json.RootElement.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Object)
            .Select(entry => (entry.Name, Mean: entry.Value.GetProperty("mean"))).Where(scalar => scalar.Mean.ValueKind == JsonValueKind.Number)
            .Select(scalar => new ScalarValue { Tag = scalar.Name, SimpleValue = (float)scalar.Mean.GetDouble() });
        Event[] start = _lastStep is null || step <= _lastStep ? [Now(step, new() { SessionLog = new() { Status = SessionStatus.Start } })] : [];
        Write([.. start, Now(step, new() { Summary = new() { Value = { scalars } } })]);
        _lastStep = step;
    }

    /// <summary>Adds a value of a metric, as a line of <c>metric-NAME.jsonl</c>. One without an image count is left out.</summary>
    /// <exception cref="IOException">It cannot be written; the file is as it was before.</exception>
    /// <exception cref="JsonException">It is no such line.</exception>
    public void AddMetric(string line)
    {
        using var json = JsonDocument.Parse(line);
        if (!json.RootElement.TryGetProperty("kimg", out var kimg) || !json.RootElement.TryGetProperty("results", out var results)) return;
        var scalars = results.EnumerateObject().Where(result => result.Value.ValueKind == JsonValueKind.Number)
            .Select(result => new ScalarValue { Tag = $"Metrics/{result.Name}", SimpleValue = (float)result.Value.GetDouble() });
        Write([Now(StepOf(kimg.GetDouble()), new() { Summary = new() { Value = { scalars } } })]);
    }

    private static long StepOf(double kimg) => ImageCount.FromKimg(kimg).Images;

    private Event Now(long step, Event happened)
    {
        (happened.Step, happened.WallTimeSeconds) = (step, time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        return happened;
    }

    private void Write(IReadOnlyList<Event> events)
    {
        var isNew = _path is null;
        if (isNew) Directory.CreateDirectory(folder);
        var path = _path ?? Path.Combine(folder, NameAt(time.GetUtcNow(), Environment.ProcessId));
        using var bytes = new MemoryStream();
        if (isNew) TensorRecord.Write(bytes, Now(0, new() { FileVersion = FileVersion }).ToByteArray());
        foreach (var happened in events) TensorRecord.Write(bytes, happened.ToByteArray());
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var before = file.Length;
        try
        {
            file.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        }
        catch (IOException)
        {
            // A reader stops at half a record.
            file.SetLength(before);
            throw;
        }

        _path = path;
    }
}

/// <summary>
/// A record of a file as TensorFlow writes them (tensorflow/core/lib/io/record_writer.h): length (8 bytes), its checksum, data, its checksum.
/// Little-endian; checksums are CRC-32C, rotated and shifted, so that one of data which has checksums in it is not weak.
/// </summary>
public static class TensorRecord
{
    private const uint MaskDelta = 0xa282ead8;

    /// <summary>Appends a record.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> length = stackalloc byte[8], checksum = stackalloc byte[4];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        stream.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Checksum(length));
        stream.Write(checksum);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Checksum(data));
        stream.Write(checksum);
    }

    /// <summary>The masked CRC-32C of data.</summary>
    public static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + MaskDelta;
    }
}
