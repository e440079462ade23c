using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Conversion;

/// <summary>
/// Crops and resizes an image as the published dataset tool does (stylegan2-ada-pytorch, <c>dataset_tool.py</c>); for
/// <see cref="CropMode.CenterCrop"/> to an oblong, which that tool refuses, the box has the oblong's aspect.
/// </summary>
internal sealed class ImageTransform
{
    private readonly CropMode _crop;
    private readonly Resampler? _resampler;

    /// <summary>Prepares a transform.</summary>
    /// <param name="crop">What is kept.</param>
    /// <param name="resolution">The size of the result; null keeps that of each image, without a crop.</param>
    /// <param name="filter">The filter of resizing.</param>
    public ImageTransform(CropMode crop, ImageSize? resolution, ResampleFilter filter)
    {
        _crop = crop;
        _resampler = resolution is { } size ? new Resampler(size, filter) : null;
    }

    /// <summary>The size of results; null if it is the image's own.</summary>
    public ImageSize? Output => _crop == CropMode.CenterCropWide ? ImageSize.Square(_resampler!.Target.Width) : _resampler?.Target;

    /// <summary>Transforms an image.</summary>
    /// <returns>Null if it is too small for <see cref="CropMode.CenterCropWide"/>.</returns>
    public RgbImage? Apply(RgbImage image)
    {
        if (_resampler is null)
            return image;
        return _crop switch
        {
            CropMode.None => _resampler.Resize(image, ImageBox.Whole(image.Size)),
            CropMode.CenterCrop => _resampler.Resize(image, ImageBox.Centred(image.Size, _resampler.Target)),
            CropMode.CenterCropWide => Wide(image),
            _ => throw new InvalidOperationException($"unknown crop {_crop}"),
        };
    }

    private RgbImage? Wide(RgbImage image)
    {
        var target = _resampler!.Target;
        // Rows that are kept: the published formula, which for images of the resolution's aspect keeps more width than
        // height and so flattens what it shows. Datasets made with it are what results are compared on.
        var rows = (int)Math.Round((double)target.Width * image.Height / image.Width, MidpointRounding.ToEven);
        if (image.Width < target.Width || rows < target.Height)
            return null;
        var box = new ImageBox(0, (image.Height - rows) / 2, new ImageSize(image.Width, rows));
        var canvas = RgbImage.Filled(target.Width, target.Width, RgbColor.Black);
        canvas.Paste(_resampler.Resize(image, box).Planes, target, 0, (target.Width - target.Height) / 2);
        return canvas;
    }
}
