using System.Text;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

public class StoredPngTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(64, 64)]
    [InlineData(300, 217)] // more than one stored block
    public void Encode_Rgb_IsDecodedToTheSamePixels(int width, int height)
    {
        var image = TestImages.Coordinates(width, height, 77);

        var file = StoredPng.Encode(image.Planes, image.Size);

        Assert.Equal(StoredPng.LengthOf(image.Size), file.Length);
        Assert.Equal(image.Size, StoredPng.SizeOf(file));
        Assert.Equal(image.Planes, ImageCodec.DecodeByLibrary(file, RgbColor.White, null).Planes);
        Assert.Equal(3, EncodedChannels.Count(file));
    }

    [Fact]
    public void Encode_Grey_IsDecodedToThreeEqualPlanes()
    {
        var grey = Enumerable.Range(0, 12).Select(i => (byte)(20 * i)).ToArray();

        var file = StoredPng.Encode(grey, new ImageSize(4, 3));

        Assert.Equal([.. grey, .. grey, .. grey], ImageCodec.DecodeByLibrary(file, RgbColor.White, null).Planes);
        Assert.Equal(1, EncodedChannels.Count(file));
    }

    [Fact]
    public void Encode_WrongNumberOfBytes_Throws() =>
        Assert.Throws<ArgumentException>(() => StoredPng.Encode(new byte[8], new ImageSize(2, 2)));

    [Fact]
    public void SizeOf_OtherBytes_IsNull() => Assert.Null(StoredPng.SizeOf("not a picture at all, but long enough"u8));

    // The check value of ISO 3309, and a length that is no multiple of eight.
    [Theory]
    [InlineData("123456789", 0xCBF43926)]
    [InlineData("", 0)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339)]
    public void Crc32_KnownTexts_HaveTheKnownSums(string text, uint expected)
    {
        var bytes = Encoding.ASCII.GetBytes(text);

        Assert.Equal(expected, Crc32.Compute(bytes));
        Assert.Equal(expected, Crc32.Compute(bytes.AsSpan(bytes.Length / 3), Crc32.Compute(bytes.AsSpan(0, bytes.Length / 3))));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.WebP)]
    public void EncodedChannels_OfFilesWithoutAlpha_AreThree(ImageFormat format) =>
        Assert.Equal(3, EncodedChannels.Count(ImageCodec.Encode(TestImages.Coordinates(16, 16), format)));
}
