using System.Buffers.Binary;
using System.Text;
using Atelier.Protos.TensorBoard;
using Atelier.Storage.TensorBoard;

namespace Atelier.Storage.Tests.TensorBoard;

/// <summary>Event files, read back by the format's own rules.</summary>
public sealed class ScalarFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>RFC 3720, B.4: CRC-32C of 32 zeros, 32 ones, 0 to 31 and 31 to 0; masked as TensorFlow's crc32c.h does it.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8a9136aau)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x62a8ab43u)]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0x46dd794eu)]
    [InlineData("1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100", 0x113fdb5cu)]
    public void Checksum_OfThePublishedCases_IsTheirsMasked(string data, uint crc) =>
        Assert.Equal(unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u), TensorRecord.Checksum(Convert.FromHexString(data)));

    [Fact]
    public void Write_ARecord_HasTheFormatsBytes()
    {
        using var stream = new MemoryStream();
        TensorRecord.Write(stream, "abc"u8);
        var bytes = stream.ToArray();
        Assert.Equal(8 + 4 + 3 + 4, bytes.Length);
        Assert.Equal("0300000000000000", Convert.ToHexStringLower(bytes[..8]));
        Assert.Equal("abc", Encoding.ASCII.GetString(bytes[12..15]));
    }

    [Fact]
    public void Add_TicksAndAMetric_AreReadBack()
    {
        var file = new ScalarFile(_folder.Path, TimeProvider.System);
        file.AddTick(Tick(0.8, 1.5));
        file.AddTick(Tick(1.6, 1.25));
        file.AddMetric("""{"results": {"rfd": 12.5}, "metric": "rfd", "kimg": 0.8}""");
        file.AddMetric("""{"results": {"rfd": 11}, "metric": "rfd"}""");

        var events = Read(Assert.Single(Files()));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal((800, SessionStatus.Start), (events[1].Step, events[1].SessionLog.Status));
        Assert.Equal([(800L, "Loss/G/loss", 1.5f), (1600L, "Loss/G/loss", 1.25f), (800L, "Metrics/rfd", 12.5f)], Scalars(events).Where(scalar => scalar.Tag is "Loss/G/loss" or "Metrics/rfd"));
        // What is not finite stands as null in the line, and a time is no statistic.
        Assert.DoesNotContain(Scalars(events), scalar => scalar.Tag is "Loss/D/loss" or "timestamp");
        Assert.All(events, happened => Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds((long)(happened.WallTimeSeconds * 1000)), DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.MaxValue));
    }

    [Fact]
    public void Add_AfterGoingBack_TellsToForgetWhatCameLater()
    {
        var file = new ScalarFile(_folder.Path, TimeProvider.System);
        foreach (var kimg in (double[])[1, 2, 3, 2]) file.AddTick(Tick(kimg, 1));
        Assert.Equal([1000L, 2000L], Read(Assert.Single(Files())).Where(happened => happened.SessionLog is not null).Select(happened => happened.Step));
    }

    [Fact]
    public void Names_OfLaterStarts_ComeLater()
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(1_770_000_000_999);
        string[] names = [ScalarFile.NameAt(now, 10), ScalarFile.NameAt(now.AddMilliseconds(1), 9), ScalarFile.NameAt(now.AddDays(3), 1)];
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        // TensorBoard knows an event file by this.
        Assert.All(names, name => Assert.Contains("tfevents", name, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static string Tick(double kimg, double loss) => FormattableString.Invariant(
        $$"""{"Loss/G/loss": {"num": 1, "mean": {{loss}}}, "Loss/D/loss": {"num": 1, "mean": null}, "Progress/kimg": {"num": 1, "mean": {{kimg}}}, "timestamp": 1}""");

    private static IEnumerable<(long Step, string Tag, float Value)> Scalars(IEnumerable<Event> events) =>
        events.Where(happened => happened.Summary is not null).SelectMany(happened => happened.Summary.Value.Select(value => (happened.Step, value.Tag, value.SimpleValue)));

    private string[] Files() => Directory.GetFiles(_folder.Path, ScalarFile.Prefix + "*");

    /// <summary>Reads records until the file's end, checking lengths and checksums.</summary>
    private static List<Event> Read(string path)
    {
        var bytes = File.ReadAllBytes(path).AsSpan();
        var events = new List<Event>();
        while (bytes.Length > 0)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
            Assert.Equal(TensorRecord.Checksum(bytes[..8]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            var data = bytes.Slice(12, length);
            Assert.Equal(TensorRecord.Checksum(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(Event.Parser.ParseFrom(data));
            bytes = bytes[(16 + length)..];
        }
        return events;
    }
}
