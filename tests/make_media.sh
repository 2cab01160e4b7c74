#!/usr/bin/env bash
# make_media.sh FOLDER: the small clips and pictures that the tests are about, one recipe a line.
# Made once per version of this script; about half a minute.
#
# What a test may count on
#   flash…   white from each whole second on for 0.1 s, together with a 1 kHz beep
#   corner…  as *displayed*: red top left, green top right, blue bottom left, yellow bottom right,
#            each a quarter wide and high, on grey; 320x240 unless the name says otherwise
set -euo pipefail
trap 'jobs -p | xargs -r kill 2>/dev/null' EXIT
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:?usage: make_media.sh FOLDER}")
stamp=$out/.stamp-$(cat "$here/make_media.sh" "$here/surgery.py" | sha256sum | cut -c1-16)
[[ -e $stamp ]] && exit
echo "making the test media in $out" >&2
mkdir -p "$out"
exec 9>"$out.lock"
flock 9
[[ -e $stamp ]] && exit
rm -rf "${out:?}"/* "$out"/.stamp-*
cd "$out"

# Sources, for -f lavfi.
flash() { # SIZE RATE SECONDS
    echo "testsrc2=size=$1:rate=$2:duration=$3,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.099)'"
}
beep() { # SECONDS
    echo "aevalsrc='if(lt(mod(t,1),0.1),0.8*sin(2*PI*1000*t),0)':s=48000:d=$1"
}
tone51="aevalsrc='0.2*sin(300*2*PI*t)|0.2*sin(400*2*PI*t)|0.2*sin(500*2*PI*t)|0.1*sin(60*2*PI*t)|0.2*sin(700*2*PI*t)|0.2*sin(800*2*PI*t)':c=5.1:s=48000:d=3"
corner() { # SIZE SECONDS
    echo "color=gray:size=$1:rate=25:duration=$2,format=rgb24,$(corners)"
}
corners() {
    echo "drawbox=0:0:iw/4:ih/4:red:fill,drawbox=iw*3/4:0:iw/4:ih/4:lime:fill,drawbox=0:ih*3/4:iw/4:ih/4:blue:fill,drawbox=iw*3/4:ih*3/4:iw/4:ih/4:yellow:fill"
}

# Runs a recipe beside others; one that fails stops everything.
step() {
    while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || exit 1; done
    ("$@" || { echo "recipe failed: $*" >&2 && exit 1; }) &
}
finish() {
    while (($(jobs -p | wc -l) > 0)); do wait -n || exit 1; done
}
ff() { timeout 300 ffmpeg -nostdin -v error -y "$@"; }
# av OUT VIDEO AUDIO option…: one of both
av() { ff -f lavfi -i "$2" -f lavfi -i "$3" "${@:4}" -shortest "$1"; }
v() { ff -f lavfi -i "$2" "${@:3}" "$1"; }
a() { ff -f lavfi -i "$2" "${@:3}" "$1"; }

x264="-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 60"
aac="-c:a aac -b:a 128k"
tags="-metadata title=Holiday -metadata artist=Someone"

# Ordinary clips
step av flash-1080p.mp4 "$(flash 1920x1080 30 4)" "$(beep 4)" $x264 $aac $tags -metadata location=+48.8577+002.2950/ -movflags use_metadata_tags+faststart
step av flash-720p.mp4 "$(flash 1280x720 25 6)" "$(beep 6)" $x264 $aac -movflags +faststart
step av flash-small.mp4 "$(flash 320x180 30 5)" "$(beep 5)" $x264 $aac
step av flash-small.mkv "$(flash 320x180 30 5)" "$(beep 5)" $x264 -c:a libvorbis
step av flash-small.webm "$(flash 320x180 30 5)" "$(beep 5)" -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p -c:a libopus
step av flash-small.avi "$(flash 320x180 25 5)" "$(beep 5)" -c:v mpeg4 -q:v 4 -c:a libmp3lame
step av b-frames.avi "$(flash 320x180 25 5)" "$(beep 5)" -c:v mpeg4 -q:v 4 -bf 2 -c:a libmp3lame
step av flash-small.ts "$(flash 320x180 25 5)" "$(beep 5)" $x264 $aac
step av flash-h265.mp4 "$(flash 320x180 30 5)" "$(beep 5)" -c:v libx265 -preset veryfast -x265-params log-level=none -pix_fmt yuv420p -tag:v hvc1 $aac
step av flash-prores.mov "$(flash 320x180 25 3)" "$(beep 3)" -c:v prores_ks -profile:v 3 -c:a pcm_s16le
step av flash-60fps.mp4 "$(flash 320x180 60 3)" "$(beep 3)" $x264 $aac
step v open-gop.mp4 "testsrc2=size=320x180:rate=1:duration=12" -c:v libx264 -pix_fmt yuv420p -g 3 -bf 2 -x264-params open-gop=1:b-adapt=0:scenecut=0
step v no-audio.mp4 "$(flash 320x180 30 3)" $x264
step v bare.h264 "$(flash 320x180 25 4)" $x264

# Time
step av vfr.mp4 "$(flash 320x180 30 6),select='lt(mod(t\,1)\,0.05)+not(mod(n\,3))+gt(t\,4)*not(mod(n\,2))'" "$(beep 6)" -fps_mode vfr $x264 $aac
step av vfr-wild.mp4 "$(flash 320x180 30 6),select='lt(mod(t\,1)\,0.13)+not(mod(n\,7))',settb=1/57600,setpts='PTS+mod(N*7919\,901)'" "$(beep 6)" -fps_mode passthrough -enc_time_base 1/57600 -video_track_timescale 57600 $x264 $aac
step av vfr.mkv "$(flash 320x180 30 6),select='lt(mod(t\,1)\,0.05)+not(mod(n\,5))'" "$(beep 6)" -fps_mode vfr $x264 -c:a libopus
step av late-start.mkv "$(flash 320x180 30 4)" "$(beep 4)" $x264 $aac -output_ts_offset 10
step ff -f lavfi -i "color=gray:size=64x64:rate=5:duration=480" -f lavfi -i "sine=duration=2" -c:v libx264 -preset ultrafast -g 10 -c:a mp2 -b:a 64k -muxrate 300k even.ts
step v one-long-picture.mkv "color=gray:size=64x64:rate=1/10:duration=10" -c:v mjpeg
step av timestamp-wrap.ts "$(flash 320x180 25 6)" "$(beep 6)" $x264 $aac -output_ts_offset 95440
step ff -f lavfi -i "$(flash 320x180 30 4)" -itsoffset 0.5 -f lavfi -i "$(beep 3)" $x264 $aac late-audio.mp4

# Shape and orientation; the stored picture is the displayed one turned back
for way in 90:transpose=2 180:hflip,vflip 270:transpose=1 hflip:hflip vflip:vflip transpose:transpose=0; do
    step v "corner-stored-${way%%:*}.mp4" "$(corner 320x240 2),${way#*:}" $x264
done
step v corner.mp4 "$(corner 320x240 2)" $x264
step v corner-anamorphic.mp4 "$(corner 320x240 2),scale=160:240,setsar=2" $x264
step v corner-anamorphic-dv.mpg "$(corner 1024x576 2),scale=720:576,setsar=64/45" -c:v mpeg2video -q:v 4
step v odd-size.mkv "$(flash 101x99 25 2)" -c:v libx264 -preset veryfast -pix_fmt yuv444p
step v tiny.mkv "$(flash 16x16 25 2)" -c:v ffv1
step v tall.mkv "$(flash 18x1000 25 1)" -c:v libx264 -preset veryfast -pix_fmt yuv420p
for part in 1:320x240:0 2:480x270:2; do
    IFS=: read -r number size offset <<<"$part"
    step av "size-$number.ts" "$(flash "$size" 25 2)" "$(beep 2)" $x264 $aac -output_ts_offset "$offset" -muxdelay 0
done

# Picture formats
step av interlaced.mpg "$(flash 720x576 50 3),tinterlace=interleave_top,setfield=tff" "$(beep 3)" -c:v mpeg2video -q:v 4 -flags +ildct+ilme -c:a mp2
step av interlaced.mp4 "$(flash 720x576 50 3),tinterlace=interleave_top,setfield=tff" "$(beep 3)" -c:v libx264 -preset veryfast -pix_fmt yuv420p -flags +ildct+ilme -x264-params tff=1 $aac
bars="smptehdbars=size=640x360:rate=25:duration=2,format=gbrpf32le"
hdr10="log-level=none:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
hlg="log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
light="zscale=tin=bt709:pin=bt709:min=gbr:rin=full:t=linear:p=bt709:m=gbr:npl=203,zscale=tin=linear:pin=bt709:min=gbr:p=bt2020:m=bt2020nc:r=tv:npl=203"
step v bars-sdr.mp4 "$bars" -c:v libx264 -preset veryfast -vf format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p -color_primaries bt709 -color_trc bt709 -colorspace bt709
step v bars-hdr10.mp4 "$bars,$light:t=smpte2084,format=yuv420p10le" -c:v libx265 -preset veryfast -x265-params "$hdr10" -tag:v hvc1
step v bars-hlg.mp4 "$bars,$light:t=arib-std-b67,format=yuv420p10le" -c:v libx265 -preset veryfast -x265-params "$hlg" -tag:v hvc1
step v ten-bit-h264.mp4 "$(flash 320x180 25 2)" -c:v libx264 -preset veryfast -pix_fmt yuv420p10le
step v ten-bit-h265.mp4 "$(flash 320x180 25 2)" -c:v libx265 -preset veryfast -x265-params log-level=none -pix_fmt yuv420p10le -tag:v hvc1
step v four-two-two.mkv "$(flash 320x180 25 2)" -c:v libx264 -preset veryfast -pix_fmt yuv422p
step v full-range.mp4 "$(corner 320x240 2),scale=out_range=pc" -c:v libx264 -preset veryfast -pix_fmt yuvj420p
step v alpha.webm "$(corner 320x240 2),format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(abs(X-W/2),W/4)*lt(abs(Y-H/2),H/4),0,255)'" -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuva420p
step v sparse-keys.mp4 "$(flash 320x180 25 24)" -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 1000 -keyint_min 1000 -sc_threshold 0

# Sound
step a tone.mp3 "$(beep 5)" -c:a libmp3lame $tags
step a tone.m4a "$(beep 5)" $aac $tags
step a tone.aac "$(beep 5)" $aac
step a tone.ogg "$(beep 5)" -c:a libvorbis $tags
step a tone.opus "$(beep 5)" -c:a libopus $tags
step a tone.flac "$(beep 5)" -c:a flac $tags
step a tone.wav "$(beep 5)" -c:a pcm_s16le
step a tone-44100-mono.wav "aevalsrc='0.5*sin(2*PI*440*t)':s=44100:d=3" -c:a pcm_s16le
step a tone-96000.flac "aevalsrc='0.5*sin(2*PI*440*t)|0.5*sin(2*PI*660*t)':s=96000:d=3" -c:a flac -sample_fmt s32
step a tone-8000.wav "aevalsrc='0.5*sin(2*PI*440*t)':s=8000:d=3" -c:a pcm_mulaw
step a few-samples.wav "aevalsrc='0.5*sin(2*PI*1000*t)':s=48000:d=0.00025" -c:a pcm_s16le
step a tone.aiff "$(beep 3)" -c:a pcm_s16be
step a tone.wv "$(beep 3)" -c:a wavpack
step a tone.ac3 "$tone51" -c:a ac3
step a surround.wav "$tone51" -c:a pcm_s16le
step a surround.flac "$tone51" -c:a flac
step av surround.mp4 "$(flash 320x180 25 3)" "$tone51" $x264 -c:a aac
step ff -f lavfi -i "$(flash 320x180 25 3)" -f lavfi -i "sine=440:d=3" -f lavfi -i "sine=880:d=3" -map 0 -map 1 -map 2 $x264 $aac -disposition:a:0 0 -disposition:a:1 default two-tracks.mp4
step ff -f lavfi -i "$(flash 320x180 25 3)" -f lavfi -i "sine=440:d=3" -f lavfi -i "sine=880:d=3" -map 0 -map 1 -map 2 $x264 $aac bad-first-track.mp4

# Pictures
step v corner.png "$(corner 320x240 1)" -frames:v 1
step v corner-1920.png "$(corner 1920x1080 1)" -frames:v 1
step v photo.png "testsrc2=size=800x600,noise=alls=12:allf=t" -frames:v 1
step v alpha.png "$(corner 320x240 1),format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(abs(X-W/2),W/4)*lt(abs(Y-H/2),H/4),0,255)'" -frames:v 1
step v sixteen-bit.png "$(corner 320x240 1),format=rgb48be" -frames:v 1
step v grey.png "$(corner 320x240 1),format=gray" -frames:v 1
step v one-pixel.png "color=red:size=4x4,format=rgb24,crop=1:1" -frames:v 1
step v odd.png "$(corner 101x99 1)" -frames:v 1
step v corner.bmp "$(corner 320x240 1)" -frames:v 1
step v lossless.jpg "$(corner 320x240 1)" -frames:v 1 -c:v ljpeg -pix_fmt bgr24
step v corner.tiff "$(corner 320x240 1)" -frames:v 1
step v animated.gif "$(flash 160x120 10 2)"
step v animated.apng "$(flash 160x120 10 2)" -plays 0
step v animated.webp "$(flash 160x120 10 2)" -c:v libwebp_anim -loop 0
step v long.gif "$(flash 32x32 50 100)"
step v odd-frames.gif "testsrc2=size=33x17:rate=50:duration=0.5"
finish

# What is made from the above
for orientation in 1 2 3 4 5 6 7 8; do
    stored=(copy copy hflip hflip,vflip vflip transpose=0 transpose=2 transpose=3 transpose=1)
    step ff -i corner.png -vf "${stored[orientation]}" -q:v 1 -pix_fmt yuvj444p "orientation-$orientation.jpg"
done
step vips copy alpha.png alpha.webp
step vips copy corner.png corner.webp[lossless]
step vips copy corner.png corner.avif[lossless]
step vips copy corner.png corner.heic[Q=90]
step vips icc_export corner.png cmyk.jpg --output-profile cmyk
step vips icc_transform corner.png p3.png p3 --input-profile srgb
step vips copy photo.png photo.jpg[Q=95]
step vips resize photo.png photo-24mp.jpg 7.5
step v alpha.gif "movie=alpha.png,split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse=alpha_threshold=128"
for light in hdr10 hlg; do
    step ff -i "bars-$light.mp4" -frames:v 1 -c:v libaom-av1 -cpu-used 8 -crf 10 -still-picture 1 "bars-$light.avif"
done
step v bars-hdr10.png "movie=bars-hdr10.mp4" -frames:v 1 -pix_fmt rgb48be
step ff -i tone.wav -i corner.png -map 0 -map 1 -c:a libmp3lame -c:v copy -disposition:v attached_pic cover.mp3
step ff -i tone.m4a -i corner.png -map 0 -map 1 -c copy -disposition:v attached_pic cover.m4a
step ff -ss 1.3 -i flash-720p.mp4 -c copy edit-list.mp4
step ff -ss 0.5 -i open-gop.mp4 -c copy open-gop-cut.mp4
finish
for orientation in 1 2 3 4 5 6 7 8; do
    step exiftool -q -overwrite_original -n -Orientation=$orientation -GPSLatitude=48.8577 \
        -GPSLatitudeRef=N -GPSLongitude=2.295 -GPSLongitudeRef=E -SerialNumber=SN4711 \
        -XPTitle=Holiday -ImageDescription=Holiday -Artist=Someone "orientation-$orientation.jpg"
done
cat size-1.ts size-2.ts >size-changes.ts
tail -c +$((188 * 200 + 1)) flash-small.ts >cut-open.ts
cp p3.png p3-code-points.png
step /usr/bin/python3 "$here/surgery.py" colours p3-code-points.png 12 13
step /usr/bin/python3 "$here/surgery.py" colours bars-hdr10.png 9 16
for way in 90 180 270 hflip vflip transpose; do
    step /usr/bin/python3 "$here/surgery.py" matrix "corner-stored-$way.mp4" "$way"
done
step /usr/bin/python3 "$here/surgery.py" hide-first-audio bad-first-track.mp4

# Broken and foreign
head -c 60000 flash-720p.mp4 >truncated.mp4
head -c 20000 flash-small.mp4 >no-index.mp4
head -c 5000 photo.jpg >truncated.jpg
head -c 20000 photo.png >truncated.png
head -c 20000 corner.bmp >truncated.bmp
seq 1 40000 | sha512sum | head -c 128 >garbage.jpg
openssl enc -aes-128-ctr -nosalt -pass pass:ittybit -in /dev/zero 2>/dev/null | head -c 100000 >garbage.mp4 || true
: >empty.mp4
echo 'just some text, of no media at all' >text.mp4
printf '#EXTM3U\n#EXTINF:2,\nflash-small.ts\n#EXT-X-ENDLIST\n' >playlist.mp4
printf 'ffconcat version 1.0\nfile flash-small.mp4\n' >concat.mp4
printf 'ffconcat version 1.0\nfile photo.jpg\n' >concat.jpg
printf '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>' >svg.jpg
printf '%%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n' >pdf.jpg
printf '<!doctype html><title>404</title><p>Not found' >page.mp4
finish
touch "$stamp"
