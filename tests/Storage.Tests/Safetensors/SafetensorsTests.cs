using System.Buffers.Binary;
using System.Text;
using Atelier.Storage.Safetensors;

namespace Atelier.Storage.Tests.Safetensors;

public class SafetensorsTests
{
    private static byte[] Write(IReadOnlyList<SafetensorsTensor> tensors, Dictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static SafetensorsReader Read(byte[] file) => new(new MemoryStream(file), "x.safetensors");

    /// <summary>A file by hand: header text and so many bytes of data.</summary>
    private static byte[] File(string header, int dataBytes, ulong? claimed = null)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimed ?? (ulong)json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    [Fact]
    public void RoundTrip_AllDtypesScalarsAndEmpty_GivesEverythingBack()
    {
        var tensors = Enum.GetValues<TensorDtype>()
            .Select((dtype, i) => SafetensorsTensor.OfBytes($"t/{dtype}", dtype, [2, 3], Enumerable.Range(0, 6 * dtype.ElementBytes()).Select(b => (byte)(b + i)).ToArray()))
            .Append(SafetensorsTensor.Of("scalar", [], [2.5]))
            .Append(SafetensorsTensor.Of("count", [1], [-3L]))
            .Append(SafetensorsTensor.OfBytes("empty", TensorDtype.F32, [0, 4], ReadOnlyMemory<byte>.Empty))
            .ToList();
        using var reader = Read(Write(tensors, new() { ["b"] = "{\"x\": 1}", ["a"] = "ü" }));

        Assert.Equal(new Dictionary<string, string> { ["a"] = "ü", ["b"] = "{\"x\": 1}" }, reader.Metadata);
        Assert.Equal(tensors.Select(t => t.Name), reader.Entries.Select(e => e.Name));
        Assert.Equal(tensors.Select(t => (t.Dtype, string.Join(',', t.Shape))), reader.Entries.Select(e => (e.Dtype, string.Join(',', e.Shape))));
        foreach (var tensor in tensors)
        {
            using var expected = new MemoryStream();
            tensor.WriteTo(expected);
            Assert.Equal(expected.ToArray(), reader.ReadBytes(reader[tensor.Name]));
        }

        Assert.Equal(2.5, BitConverter.ToDouble(reader.ReadBytes(reader["scalar"])));
        Assert.Equal(1, reader["scalar"].Elements);
    }

    /// <summary>Bytes as the format's reference implementation writes them (header padded to 8, offsets from the data's start).</summary>
    [Fact]
    public void Write_OneTensor_HasTheFormatsBytes()
    {
        var file = Write([SafetensorsTensor.OfBytes("w", TensorDtype.U8, [3], new byte[] { 7, 8, 9 })], new() { ["k"] = "v" });
        const string header = """{"__metadata__":{"k":"v"},"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""";
        var padded = (header.Length + 7) / 8 * 8;
        Assert.Equal((ulong)padded, BinaryPrimitives.ReadUInt64LittleEndian(file));
        Assert.Equal(header.PadRight(padded), Encoding.UTF8.GetString(file, 8, padded));
        Assert.Equal([7, 8, 9], file[(8 + padded)..]);
    }

    [Fact]
    public void Read_Range_ReturnsThoseBytes()
    {
        using var reader = Read(Write([SafetensorsTensor.Of("a", [2], [1L, 2]), SafetensorsTensor.OfBytes("b", TensorDtype.U8, [5], new byte[] { 0, 1, 2, 3, 4 })]));
        var bytes = new byte[3];
        reader.Read(reader["b"], 1, bytes);
        Assert.Equal([1, 2, 3], bytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(reader["b"], 3, bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(reader["b"], -1, bytes));
    }

    [Fact]
    public void Read_FromManyThreads_NeverMixesRanges()
    {
        var data = Enumerable.Range(0, 1 << 16).Select(i => (byte)(i * 31 >> 3)).ToArray();
        using var reader = Read(Write([SafetensorsTensor.OfBytes("a", TensorDtype.U8, [data.Length], data)]));
        Parallel.For(0, 500, i =>
        {
            var bytes = new byte[100];
            reader.Read(reader["a"], i * 100, bytes);
            Assert.Equal(data[(i * 100)..(i * 100 + 100)], bytes);
        });
    }

    [Fact]
    public void Read_HeaderInAnotherOrder_EntriesFollowTheBytes()
    {
        using var reader = Read(File("""{"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 3));
        Assert.Equal(["a", "b"], reader.Entries.Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,3]}}""", 3, "`a` of shape [2] and dtype U8 has 3 bytes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 3, "truncated")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 3, "1 bytes that belong to no tensor")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "do not follow")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "do not follow")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""", 3, "twice")]
    [InlineData("""{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,2]}}""", 2, "dtype Q4; supported: F64")]
    [InlineData("""{"a":{"dtype":"0","shape":[2],"data_offsets":[0,2]}}""", 2, "dtype 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}""", 2, "needs a dtype, a shape and two data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2.5],"data_offsets":[0,2]}}""", 2, "needs a dtype")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2]}}""", 2, "needs a dtype")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}""", 2, "data_offsets 2 to 0")]
    [InlineData("""{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,2]}}""", 2, "has 2 bytes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 2, "data_offsets 0 to")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__ `a` is not a string")]
    [InlineData("""[]""", 0, "not a JSON object")]
    [InlineData("""{"a":""", 0, "header is not JSON")]
    public void Open_Malformed_SaysWhatIsWrong(string header, int dataBytes, string reason)
    {
        var error = Assert.Throws<UserErrorException>(() => Read(File(header, dataBytes)));
        Assert.StartsWith("x.safetensors is not a valid safetensors file: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "the format allows")]
    [InlineData(100_000_001ul, "the format allows")]
    [InlineData(99_999_999ul, "truncated")]
    public void Open_ClaimedHeaderTooLong_IsRefusedBeforeAllocation(ulong claimed, string reason) =>
        Assert.Contains(reason, Assert.Throws<UserErrorException>(() => Read(File("{}", 0, claimed))).Message, StringComparison.Ordinal);

    [Fact]
    public void Open_AnyCut_IsRefused()
    {
        var file = Write([SafetensorsTensor.Of("a", [3], [1.0, 2, 3]), SafetensorsTensor.Of("b", [1], [4L])]);
        for (var length = 0; length < file.Length; length++)
            Assert.Throws<UserErrorException>(() => Read(file[..length]));
        using var whole = Read(file);
        Assert.Equal(2, whole.Entries.Count);
    }

    [Fact]
    public void Open_AnyByteChanged_IsRefusedOrReadsWithinTheFile()
    {
        var file = Write([SafetensorsTensor.Of("a", [3], [1.0, 2, 3]), SafetensorsTensor.Of("b", [1], [4L])], new() { ["m"] = "n" });
        var refused = 0;
        for (var position = 0; position < file.Length; position++)
            foreach (var value in "\0\"9-,]}\\"u8.ToArray().Append<byte>(0x80).Append<byte>(0xff))
            {
                var changed = file.ToArray();
                changed[position] = value;
                try
                {
                    using var reader = Read(changed);
                    Assert.InRange(reader.Entries.Sum(entry => reader.ReadBytes(entry).Length), 0, file.Length);
                }
                catch (UserErrorException)
                {
                    refused++;
                }
            }

        Assert.True(refused > file.Length, "Most changes of a header byte break it.");
    }

    [Fact]
    public void Open_NoSuchFile_NamesIt() =>
        Assert.StartsWith("no-such.safetensors cannot be read", Assert.Throws<UserErrorException>(() => SafetensorsReader.Open("no-such.safetensors")).Message, StringComparison.Ordinal);

    [Fact]
    public void Indexer_NoSuchTensor_NamesBoth()
    {
        using var reader = Read(Write([]));
        Assert.Equal("x.safetensors has no tensor `w`.", Assert.Throws<UserErrorException>(() => reader["w"]).Message);
        Assert.False(reader.Contains("w"));
    }

    [Fact]
    public void Write_WrongNumberOfBytes_Throws() =>
        Assert.Throws<InvalidOperationException>(() => Write([SafetensorsTensor.OfBytes("a", TensorDtype.F32, [2], new byte[7])]));

    [Theory]
    [InlineData("a")]
    [InlineData("__metadata__")]
    public void Write_NameTakenOrReserved_Throws(string second) =>
        Assert.Throws<ArgumentException>(() => Write([SafetensorsTensor.Of("a", [1], [1L]), SafetensorsTensor.Of(second, [1], [1L])]));
}
